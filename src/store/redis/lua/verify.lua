-- Compares what somebody has seen with what is there; where something is missing, a new epoch tells everybody.
-- ARGV: publish command, topic, known epoch, seq, sub, message id or nothing
local known_epoch = tonumber(ARGV[3])
local head = open(known_epoch)
if head.fresh then
  if known_epoch > 0 then reset(head, known_epoch, ARGV[1], ARGV[2]) end
elseif lost(head, known_epoch, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]) then
  reset(head, known_epoch, ARGV[1], ARGV[2])
end
return ends(head)
