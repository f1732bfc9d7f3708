-- Lets sessions of a user live on; one that was lost is written anew.
-- KEYS: the user's sessions by expiry. ARGV: TTL in ms, session …
local time = redis.call('TIME')
local expiry = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], expiry, ARGV[index]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
