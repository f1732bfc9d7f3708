-- A lobby room and the time in microseconds. KEYS: room
local time = redis.call('TIME')
local kept = redis.call('HMGET', KEYS[1], 'r', 'b')
return { string.format('%.0f', time[1] * 1000000 + time[2]), kept[1] or '', kept[2] or '' }
