-- Lets a room stay. ARGV: identifier, body, idle in ms, whether somebody did something (1) or not (0), whether one that is not there is
-- written anew (1) or not (0)
local was_there = redis.call('EXISTS', ROOM)
if was_there == 0 and ARGV[5] == '0' then return 0 end
if was_there == 0 then redis.call('HSET', ROOM, 'i', ARGV[1], 'b', ARGV[2]) end
if was_there == 0 or ARGV[4] == '1' then touch() end
stay(ARGV[3])
return was_there
