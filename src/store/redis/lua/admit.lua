-- Adds a guest by the identifier it wants, or by the other one if that is in the room already; unless the room is full, or not this one.
-- ARGV: identifier of the room, limit, session, wanted, other, rest of the member, idle in ms, publish command or nothing, topic, payload
if redis.call('HGET', ROOM, 'i') ~= ARGV[1] then return 'gone' end
local before = redis.call('HGET', MEMBERS, ARGV[3])
-- The same once more: its answer was lost.
if before then return string.match(before, '^%S+') end
if redis.call('HLEN', MEMBERS) >= tonumber(ARGV[2]) then return 'full' end
local chosen = ARGV[4]
local beginning = chosen .. ' '
for _, member in ipairs(redis.call('HVALS', MEMBERS)) do
  if string.sub(member, 1, #beginning) == beginning then chosen = ARGV[5] end
end
redis.call('HSET', MEMBERS, ARGV[3], chosen .. ' ' .. ARGV[6])
touch()
stay(ARGV[7])
if ARGV[8] ~= '' then redis.call(ARGV[8], ARGV[9], ARGV[10]) end
return chosen
