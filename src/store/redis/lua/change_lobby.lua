-- Changes a lobby room, if it is still as it was. The first revision of a room is the time, so that none is given twice.
-- KEYS: room, snapshot. ARGV: revision that it has (0: none), record ('': it goes), snapshot ('': as before)
local revision = redis.call('HGET', KEYS[1], 'r') or '0'
if revision ~= ARGV[1] then return '' end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1], KEYS[2])
  return revision
end
local time = redis.call('TIME')
local following = string.format('%.0f', math.max(tonumber(revision) + 1, time[1] * 1000000 + time[2]))
redis.call('HSET', KEYS[1], 'r', following, 'b', ARGV[2])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3]) end
return following
