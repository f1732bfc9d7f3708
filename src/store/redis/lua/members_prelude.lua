-- What the scripts on a channel's members begin with. A member is `user peer name`; where `#number` stands in the place of the
-- peer, users count and not their sessions, and an index has `user session` of each. KEYS: members, index
local MEMBERS, INDEX = KEYS[1], KEYS[2]

-- The user, where users count.
local function counted(member) return string.match(member, '^(%S+) #') end

local function entry(user, session) return user .. ' ' .. session end

-- Whether another session of the same user is a member.
local function has_another(user)
  for _, found in ipairs(redis.call('ZRANGEBYLEX', INDEX, '[' .. user .. ' ', '(' .. user .. '!')) do
    if redis.call('HEXISTS', MEMBERS, string.sub(found, #user + 2)) == 1 then return true end
    -- Its member went another way: with the whole channel.
    redis.call('ZREM', INDEX, found)
  end
  return false
end
