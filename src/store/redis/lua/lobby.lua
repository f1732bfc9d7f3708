-- A lobby room and the time in microseconds; whoever looks at it lets it stay. KEYS: room, snapshot. ARGV: how long, in ms
local time = redis.call('TIME')
local kept = redis.call('HMGET', KEYS[1], 'r', 'b')
if kept[1] and redis.call('PTTL', KEYS[1]) < ARGV[1] / 2 then
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end
end
return { string.format('%.0f', time[1] * 1000000 + time[2]), kept[1] or '', kept[2] or '' }
