-- Gives up a claim, if it is still the claimant's. KEYS: claim. ARGV: claimant
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
