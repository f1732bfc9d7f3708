-- Notes that nobody needs to wait for this generation any more. KEYS: generation. ARGV: generation
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'settled', '1')
return 1
