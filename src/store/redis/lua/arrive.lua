-- Notes a session of a user; announces it if it is the only live one.
-- KEYS: the user's sessions by expiry. ARGV: session, TTL in ms, publish command or nothing, topic, payload
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local others = redis.call('ZCARD', KEYS[1])
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if others > 0 then return 0 end
if ARGV[3] ~= '' then redis.call(ARGV[3], ARGV[4], ARGV[5]) end
return 1
