-- Sets or (without a value) removes a field of an account that exists. Answers whether it does, and the old value.
-- KEYS: user. ARGV: field, value
if redis.call('EXISTS', KEYS[1]) == 0 then return { 0, '' } end
local old = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) else redis.call('HDEL', KEYS[1], ARGV[1]) end
return { 1, old or '' }
