-- Begins the queue anew, unless someone else did already. ARGV: the epoch that has ended, or nothing; the new one; its mark; the servers there are.
if (redis.call('HGET', KEYS[1], 'epoch') or '') ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'mark', ARGV[3], 'servers', ARGV[4])
return 1
