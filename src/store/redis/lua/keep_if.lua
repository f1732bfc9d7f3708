-- Makes a claim permanent, if it is still the claimant's. KEYS: claim. ARGV: claimant
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PERSIST', KEYS[1])
return 1
