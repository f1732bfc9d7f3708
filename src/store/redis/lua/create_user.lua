-- Makes an account that vanishes by itself unless it is confirmed: its maker may die half-way. A retry changes nothing.
-- KEYS: user. ARGV: name, serial, TTL in ms, password hash (a guest has none)
if redis.call('EXISTS', KEYS[1]) == 0 then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'v', '2', 'name', ARGV[1], 'serial', ARGV[2], 'created', string.format('%.0f', time[1] * 1000000 + time[2]))
  if ARGV[4] then redis.call('HSET', KEYS[1], 'password', ARGV[4]) end
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return redis.call('HGETALL', KEYS[1])
