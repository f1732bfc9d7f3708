-- What every channel script begins with. The keys are always the same five, all in the channel's slot:
-- the channel's hash, its log, dedup keys -> seq, dedup keys by expiry, the present form of changed messages.
local CHANNEL, LOG, IDS, EXPIRY, MOD = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- Whole numbers beyond 2^31 would otherwise be written with an exponent.
local function text(number) return string.format('%.0f', number) end

local function micros()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Epochs only grow, and start at the clock, so that an emptied Redis never goes back to an earlier one.
local function epoch_above(epoch) return math.max(epoch + 1, math.floor(micros() / 1000)) end

-- The head of the log. A channel that nobody used before gets its epoch here.
local function open(known_epoch)
  local stored = redis.call('HMGET', CHANNEL, 'e', 's', 'u', 'o')
  if stored[1] then
    return { epoch = tonumber(stored[1]), seq = tonumber(stored[2]), sub = tonumber(stored[3]), oldest = tonumber(stored[4]) }
  end
  local head = { epoch = epoch_above(known_epoch), seq = 0, sub = 0, oldest = 1, fresh = true }
  redis.call('DEL', LOG, IDS, EXPIRY, MOD)
  redis.call('HSET', CHANNEL, 'e', text(head.epoch), 's', 0, 'u', 0, 'o', 1)
  return head
end

local function ends(head) return { text(head.epoch), text(head.seq), text(head.sub), text(head.oldest) } end

local function message_entry(seq)
  local id = text(seq) .. '-0'
  local entry = redis.call('XRANGE', LOG, id, id)[1]
  if not entry then return nil end
  local values = entry[2]
  -- Field names and values alternate; their order is the one they were added in: e p t i b.
  return { epoch = values[2], previous = values[4], at = values[6], id = values[8], body = values[10] }
end

-- A message as it was posted or last changed; nil if it is not kept.
local function present(head, seq)
  if seq < head.oldest or seq > head.seq then return nil end
  local entry = message_entry(seq)
  if not entry then return nil end
  return { text(seq), entry.at, redis.call('HGET', MOD, text(seq)) or entry.body }
end

-- Whether something that was seen is not there any more: then this data is an earlier state, and the numbers behind its
-- head have been given out before.
local function lost(head, epoch, seq, sub, id)
  if epoch == 0 or head.epoch > epoch then return false end
  if head.epoch < epoch then return true end
  if head.seq < seq or (head.seq == seq and head.sub < sub) then return true end
  if id == '' or seq < head.oldest then return false end
  local entry = message_entry(seq)
  return not entry or entry.id ~= id
end

local function reset(head, known_epoch, publish, topic)
  if not head.fresh then
    head.epoch = epoch_above(math.max(head.epoch, known_epoch))
    redis.call('HSET', CHANNEL, 'e', text(head.epoch))
  end
  redis.call(publish, topic, '1 reset ' .. text(head.epoch) .. '\n')
end

-- Writes an entry into the log and tells the listeners, who find in it which entry came before.
local function log(head, seq, sub, at, id, body, publish, topic)
  local place, previous = text(seq) .. '-' .. text(sub), text(head.seq) .. '-' .. text(head.sub)
  redis.call('XADD', LOG, place, 'e', text(head.epoch), 'p', previous, 't', text(at), 'i', id, 'b', body)
  redis.call('HSET', CHANNEL, 's', text(seq), 'u', text(sub))
  redis.call(publish, topic, '1 entry ' .. text(head.epoch) .. ' ' .. place .. ' ' .. previous .. ' ' .. text(at) .. '\n' .. body)
  head.seq, head.sub = seq, sub
end
