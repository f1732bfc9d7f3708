-- What every script on a room's lease begins with. The lease is a hash: n(ode), nothing if it was released; e(poch); x, when it
-- runs out, in ms. KEYS: lease
local LEASE = KEYS[1]
-- An epoch is remembered for so long after its lease ran out. After that the clock alone, in which epochs start, keeps them growing.
local REMEMBERED_MS = 600 * 1000

-- Whole numbers beyond 2^31 would otherwise be written with an exponent.
local function text(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local stored = redis.call('HMGET', LEASE, 'n', 'e', 'x')
local lease = { node = stored[1] or '', epoch = tonumber(stored[2] or '0'), expiry = tonumber(stored[3] or '0') }

local function write(ttl)
  lease.expiry = now + ttl
  redis.call('HSET', LEASE, 'n', lease.node, 'e', text(lease.epoch), 'x', text(lease.expiry))
  redis.call('PEXPIRE', LEASE, text(ttl + REMEMBERED_MS))
end

local function grant(node, known_epoch, ttl)
  lease.node, lease.epoch = node, math.max(lease.epoch + 1, known_epoch + 1, now)
  write(ttl)
end

local function is_held_by(node, epoch) return lease.node == node and lease.epoch == tonumber(epoch) end

local function answer()
  if lease.node == '' then return {} end
  return { lease.node, text(lease.epoch), text(math.max(lease.expiry - now, 0)) }
end
