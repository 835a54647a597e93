-- Takes a lane that has no owner. ARGV: the epoch, the node, and an owner that is known to be gone or nothing.
-- Answers with the owner, and whether it is a new one; with no owner where what is stored here is not of this epoch: an owner may have been forgotten.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return {'', 0}
end
local owner = redis.call('HGET', KEYS[1], 'node')
if not owner or (owner == ARGV[3] and owner ~= ARGV[2]) then
  redis.call('HSET', KEYS[1], 'node', ARGV[2])
  redis.call('PERSIST', KEYS[1])
  return {ARGV[2], 1}
end
return {owner, 0}
