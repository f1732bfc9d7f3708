-- Makes a room unless it is there, and lets it stay. KEYS: room. ARGV: for how long in ms, record version
local made = redis.call('HSETNX', KEYS[1], 'v', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return made
