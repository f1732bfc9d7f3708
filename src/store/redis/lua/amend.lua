-- Changes a message by compare-and-set and logs and publishes the entry that tells of it. Fenced, as append is.
-- ARGV: publish command, topic, seq, bytes it was made from, new bytes, log entry
local publish, topic, seq = ARGV[1], ARGV[2], tonumber(ARGV[3])
local head = open(0)
local message = present(head, seq)
if not message then return { 'gone' } end
if message[3] ~= ARGV[4] then return { 'conflict' } end
local now = micros()
redis.call('HSET', MOD, text(seq), ARGV[5])
log(head, head.seq, head.sub + 1, now, '', ARGV[6], publish, topic)
return { 'stored', text(head.epoch), text(head.seq), text(head.sub), text(now) }
