-- Notes when a lobby room is to be looked at, and whether all may see it.
-- KEYS: index by when, index of those that all may see. ARGV: room, in how many ms, 1: unless it is to be sooner, 1: all may see it
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = string.format('%.0f', now + ARGV[2])
if ARGV[3] == '1' then redis.call('ZADD', KEYS[1], 'LT', due, ARGV[1]) else redis.call('ZADD', KEYS[1], due, ARGV[1]) end
if ARGV[4] == '1' then redis.call('ZADD', KEYS[2], 'NX', string.format('%.0f', now), ARGV[1]) else redis.call('ZREM', KEYS[2], ARGV[1]) end
return 1
