-- Makes a room, unless there is one. ARGV: identifier, body, idle in ms
if redis.call('EXISTS', ROOM) == 1 then return 0 end
redis.call('HSET', ROOM, 'i', ARGV[1], 'b', ARGV[2])
touch()
stay(ARGV[3])
return 1
