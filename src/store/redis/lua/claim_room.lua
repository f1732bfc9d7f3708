-- Keeps the holder while its lease has not run out and is not older than what the claimant has seen; else the first candidate gets
-- the room, but not the one that let the lease run out if there is another. ARGV: known epoch, TTL in ms, candidate …
local known_epoch = tonumber(ARGV[1])
local is_current = lease.node ~= '' and lease.expiry > now and lease.epoch >= known_epoch
if not is_current then
  local chosen = ARGV[3]
  if not chosen then return {} end
  if chosen == lease.node and ARGV[4] then chosen = ARGV[4] end
  grant(chosen, known_epoch, tonumber(ARGV[2]))
end
return answer()
