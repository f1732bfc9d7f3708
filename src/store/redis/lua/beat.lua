-- A heartbeat, by this clock. A node that was declared dead stays so: what it held is gone. A node that was entered is told so until it says
-- that it has heard it: an answer may be lost, and the heartbeat asked again.
-- KEYS: nodes, dead nodes, nodes that were entered and have not heard it. ARGV: node, whether it has
local FORGOTTEN_AFTER_MS = 24 * 3600 * 1000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - FORGOTTEN_AFTER_MS))
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 'reaped' end
if redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1]) == 1 then
  redis.call('SADD', KEYS[3], ARGV[1])
elseif ARGV[2] == '1' then
  redis.call('SREM', KEYS[3], ARGV[1])
end
if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 then return 'entered' end
return 'alive'
