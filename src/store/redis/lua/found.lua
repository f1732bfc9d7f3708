-- Makes a room, unless there is another one; the same once more: its answer was lost. ARGV: identifier, body, idle in ms
local present = redis.call('HGET', ROOM, 'i')
if present then return present == ARGV[1] and 1 or 0 end
redis.call('HSET', ROOM, 'i', ARGV[1], 'b', ARGV[2])
touch()
stay(ARGV[3])
return 1
