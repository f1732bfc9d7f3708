-- A heartbeat, by this clock. A node that was declared dead stays so: what it held is gone.
-- KEYS: nodes, dead nodes. ARGV: node
local FORGOTTEN_AFTER_MS = 24 * 3600 * 1000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - FORGOTTEN_AFTER_MS))
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 'reaped' end
if redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1]) == 1 then return 'entered' end
return 'alive'
