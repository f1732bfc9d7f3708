-- Takes lobby rooms that are to be looked at. KEYS: index by when. ARGV: limit, when they are to be looked at again, in ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
for _, room in ipairs(due) do redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), room) end
return due
