-- Logs and publishes a message, once for each dedup key. One script, because the number must not be taken by one
-- message and published with another. Fenced: it exists only on servers whose data have been verified.
-- ARGV: publish command, topic, known epoch, seq, sub, message id, dedup key, body, HISTORY_MAX, HISTORY_MAX_AGE in µs, ack
local DEDUP_MICROS = 300 * 1000000
local publish, topic, known_epoch = ARGV[1], ARGV[2], tonumber(ARGV[3])
local id, dedup, body = ARGV[6], ARGV[7], ARGV[8]
local now = micros()

-- A few at a time, so that no append pays for a busy hour.
for _, old in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', text(now), 'LIMIT', 0, 4)) do
  redis.call('HDEL', IDS, old)
  redis.call('ZREM', EXPIRY, old)
end

local head = open(known_epoch)
if head.fresh then
  if known_epoch > 0 then reset(head, known_epoch, publish, topic) end
elseif lost(head, known_epoch, tonumber(ARGV[4]), tonumber(ARGV[5]), '') then
  reset(head, known_epoch, publish, topic)
end

local seen = redis.call('HGET', IDS, dedup)
if seen and tonumber(redis.call('ZSCORE', EXPIRY, dedup) or '0') > now then
  local message = present(head, tonumber(seen))
  if message then
    -- WAIT counts replicas up to this connection's last write; the message may be another connection's.
    if ARGV[11] == '1' then redis.call('HSET', IDS, dedup, seen) end
    return { 'duplicate', message[1], message[2], message[3] }
  end
end

log(head, head.seq + 1, 0, now, id, body, publish, topic)
redis.call('HSET', IDS, dedup, text(head.seq))
redis.call('ZADD', EXPIRY, text(now + DEDUP_MICROS), dedup)
redis.call('PEXPIRE', IDS, DEDUP_MICROS / 1000)
redis.call('PEXPIRE', EXPIRY, DEDUP_MICROS / 1000)

-- Trimming: at most a few hundred messages an append, so that a lowered limit does not stop the server.
local max, age, oldest = tonumber(ARGV[9]), tonumber(ARGV[10]), head.oldest
if max > 0 and head.seq - oldest + 1 > max then oldest = math.min(head.seq - max + 1, oldest + 256) end
if age > 0 then
  for _, entry in ipairs(redis.call('XRANGE', LOG, text(oldest) .. '-0', '+', 'COUNT', 4)) do
    local seq, sub = string.match(entry[1], '^(%d+)-(%d+)$')
    if sub == '0' then
      if tonumber(entry[2][6]) > now - age then break end
      oldest = tonumber(seq) + 1
    end
  end
end
if oldest > head.oldest then
  redis.call('XTRIM', LOG, 'MINID', text(oldest) .. '-0')
  for seq = head.oldest, oldest - 1 do redis.call('HDEL', MOD, text(seq)) end
  redis.call('HSET', CHANNEL, 'o', text(oldest))
end
return { 'stored', text(head.epoch), text(head.seq), text(head.sub), text(now) }
