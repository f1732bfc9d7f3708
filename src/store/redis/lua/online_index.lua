-- Notes when users will be offline at the latest. An index only: readers ask each user's own key.
-- KEYS: index. ARGV: TTL in ms, user …
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now + ARGV[1]), ARGV[index]) end
return 1
