-- Messages in their present form, oldest first, with the head of the same instant. Numbers have no gaps, so the range is
-- known beforehand; entries that tell of changes stand between the messages and are passed over.
-- ARGV: latest | before | after, seq, limit
local head = open(0)
local seq, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local first, last
if ARGV[1] == 'after' then
  first = math.max(seq + 1, head.oldest)
  last = math.min(first + limit - 1, head.seq)
else
  last = head.seq
  if ARGV[1] == 'before' then last = math.min(seq - 1, last) end
  first = math.max(last - limit + 1, head.oldest)
end
local more
if ARGV[1] == 'after' then more = last < head.seq and first <= head.seq else more = first > head.oldest and last >= head.oldest end

local messages, from = {}, text(math.max(first, 0)) .. '-0'
local stop = text(math.max(last, 0)) .. '-0'
while #messages < last - first + 1 do
  local entries = redis.call('XRANGE', LOG, from, stop, 'COUNT', limit + 16)
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    local number, sub = string.match(entry[1], '^(%d+)-(%d+)$')
    if sub == '0' then messages[#messages + 1] = { number, entry[2][6], entry[2][10] } end
    from = '(' .. entry[1]
  end
end
if #messages > 0 and redis.call('EXISTS', MOD) == 1 then
  local numbers = {}
  for index, message in ipairs(messages) do numbers[index] = message[1] end
  -- Lua's unpack has a limit far above any page.
  for index, changed in ipairs(redis.call('HMGET', MOD, unpack(numbers))) do
    if changed then messages[index][3] = changed end
  end
end
return { ends(head), more and 1 or 0, messages }
