-- Frees a name whose account is gone. Not a claim still being made: that one has a TTL and ends by itself.
-- KEYS: name. ARGV: the account that is gone
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('PTTL', KEYS[1]) >= 0 then return 0 end
return redis.call('DEL', KEYS[1])
