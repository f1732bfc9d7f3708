-- Counts one event in the running window. KEYS: counter. ARGV: window in ms
local events = redis.call('INCR', KEYS[1])
if events == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { events, redis.call('PTTL', KEYS[1]) }
