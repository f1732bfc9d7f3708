-- Changes a lobby room, if it is still as it was. The first revision of a room is the time, so that none is given twice. The same call once
-- more (its answer was lost) is answered alike. KEYS: room, snapshot, end. ARGV: revision that it has (0: none), record ('': it goes),
-- snapshot ('': as before), mark of this call, how long it stays although nobody looks at it, how long its end is known, both in ms
local kept = redis.call('HMGET', KEYS[1], 'r', 'm')
local revision = kept[1] or '0'
if kept[2] == ARGV[4] then return revision end
if revision ~= ARGV[1] then
  if ARGV[2] == '' and redis.call('HGET', KEYS[3], 'm') == ARGV[4] then return ARGV[1] end
  return ''
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[3], 'r', revision, 'm', ARGV[4])
  redis.call('PEXPIRE', KEYS[3], ARGV[6])
  return revision
end
local time = redis.call('TIME')
local following = string.format('%.0f', math.max(tonumber(revision) + 1, time[1] * 1000000 + time[2]))
redis.call('HSET', KEYS[1], 'r', following, 'b', ARGV[2], 'm', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3]) end
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return following
