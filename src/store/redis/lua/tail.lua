-- The entries behind a place, with the head of the same instant. ARGV: place, limit (with 0 XRANGE answers nil)
local head = open(0)
local entries = {}
for _, entry in ipairs(redis.call('XRANGE', LOG, '(' .. ARGV[1], '+', 'COUNT', ARGV[2]) or {}) do
  local values = entry[2]
  entries[#entries + 1] = { values[2], entry[1], values[4], values[6], values[10] }
end
return { ends(head), entries }
