-- Notes that a node has, or is about to get, leases of rooms. An index only: readers ask each room's own key. Every renewal
-- notes them again, so what was not noted for long is not held.
-- KEYS: index, by when it was noted. ARGV: forgotten after, in ms, room …
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[1]))
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[index]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
