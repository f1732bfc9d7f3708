-- Removes a session of a user; announces it if that was the last live one.
-- KEYS: the user's sessions by expiry. ARGV: session, publish command or nothing, topic, payload
local time = redis.call('TIME')
local removed = redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
if removed == 0 or redis.call('ZCARD', KEYS[1]) > 0 then return 0 end
if ARGV[2] ~= '' then redis.call(ARGV[2], ARGV[3], ARGV[4]) end
return 1
