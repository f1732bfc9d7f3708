-- Notes that nodes have verified what they know against this generation of the data, and answers who has.
-- KEYS: generation. ARGV: generation, node …
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', ARGV[1], 'since', string.format('%.0f', now))
end
for index = 2, #ARGV do redis.call('HSET', KEYS[1], 'n:' .. ARGV[index], '1') end
local age = now - redis.call('HGET', KEYS[1], 'since')
return { redis.call('HGET', KEYS[1], 'settled') or '0', string.format('%.0f', age), redis.call('HKEYS', KEYS[1]) }
