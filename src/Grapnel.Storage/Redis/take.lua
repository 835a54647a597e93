-- Takes a lane that has no owner. ARGV: the node, and an owner that is known to be gone or nothing.
-- Answers with the owner, and whether it is a new one.
local owner = redis.call('HGET', KEYS[1], 'node')
if not owner or (owner == ARGV[2] and owner ~= ARGV[1]) then
  redis.call('HSET', KEYS[1], 'node', ARGV[1])
  return {ARGV[1], 1}
end
return {owner, 0}
