-- Writes a lobby room back that was lost, as somebody knows it; unless a later state is there, or its end is known.
-- KEYS: room, snapshot, end. ARGV: revision, record, how long it stays although nobody looks at it, in ms
local later = redis.call('HGET', KEYS[1], 'r') or redis.call('HGET', KEYS[3], 'r')
if later and tonumber(later) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'r', ARGV[1], 'b', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
