-- Removes a member; the announcement goes out with the removal, once, whoever of several does it.
-- ARGV: session, publish command or nothing, topic, payload
local member = redis.call('HGET', MEMBERS, ARGV[1])
if not member then return { 0, 0 } end
redis.call('HDEL', MEMBERS, ARGV[1])
local user = counted(member)
if user then
  redis.call('ZREM', INDEX, entry(user, ARGV[1]))
  if has_another(user) then return { 1, 0 } end
end
if ARGV[2] ~= '' then redis.call(ARGV[2], ARGV[3], ARGV[4]) end
return { 1, 1 }
