-- Puts a direct channel on top of its owner's list; announces it if it is new there.
-- KEYS: list. ARGV: peer, publish command or nothing, topic, payload
local time = redis.call('TIME')
local added = redis.call('ZADD', KEYS[1], string.format('%.0f', time[1] * 1000000 + time[2]), ARGV[1])
if added == 1 and ARGV[2] ~= '' then redis.call(ARGV[2], ARGV[3], ARGV[4]) end
return added
