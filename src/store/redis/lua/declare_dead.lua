-- Declares a silent node dead. KEYS: nodes, dead nodes. ARGV: node, silent for at least, in ms
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 1 end
local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not last then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now - last < tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[1])
return 1
