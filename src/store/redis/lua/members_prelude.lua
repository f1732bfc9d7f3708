-- What the scripts on a channel's members begin with. A member is `user peer name`; where `#number` stands in the place of the
-- peer, users count and not their sessions. KEYS: members
local MEMBERS = KEYS[1]

-- Whether another session of the same user is a member, where users count.
local function has_another(member)
  local user = string.match(member, '^(%S+) #')
  if not user then return false end
  local beginning = user .. ' #'
  for _, other in ipairs(redis.call('HVALS', MEMBERS)) do
    if string.sub(other, 1, #beginning) == beginning then return true end
  end
  return false
end
