// Groups whose members come, go and die.
'use strict'

const { spawn } = require('child_process')
const { check } = require('../client')

/** A member of a group, and the partitions that it has. */
async function member(world, topic, groupId, received) {
  const consumer = await world.consumer({ groupId, rebalanceTimeout: 10000 })
  const self = { consumer, partitions: [] }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => { self.partitions = payload.memberAssignment[topic] ?? [] })
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => { received.add(String(message.value)) } })
  return self
}

async function memberDies(world) {
  const topic = await world.createTopic(world.name('dies'), 4)
  const groupId = world.name('dies')
  const received = new Set()
  const survivor = await member(world, topic, groupId, received)
  await world.until(() => survivor.partitions.length === 4, () => `the first member has ${survivor.partitions}`)
  const victim = spawn(process.execPath, [require.resolve('../client'),
    '--broker', world.options.broker, '--scenario', 'member', '--topic', topic, '--group', groupId], { stdio: ['ignore', 'pipe', 'inherit'] })
  victim.stdout.on('data', lines => String(lines).split('\n').filter(Boolean).forEach(line => received.add(line)))
  try {
    await world.until(() => survivor.partitions.length === 2, () => `shared, it has ${survivor.partitions}`)
    const producer = await world.producer()
    const send = from => producer.send({ topic, messages: Array.from({ length: 200 }, (_, n) => ({ value: String(from + n), partition: n % 4 })) })
    await send(0)
    await world.until(() => received.size === 200, () => `${received.size} of 200 while both live`)
    victim.kill('SIGKILL')
    const killed = Date.now()
    await send(200)
    await world.until(() => survivor.partitions.length === 4, () => `alone, it has ${survivor.partitions}`)
    const took = (Date.now() - killed) / 1000
    check(took < 6 + 6, `the survivor had to wait for ${took} s`)
    await world.until(() => received.size === 400, () => `${received.size} of 400`)
    return `taken over after ${took.toFixed(1)} s`
  } finally {
    victim.kill('SIGKILL')
  }
}

/** Not a scenario: the member that is killed. Prints what it receives. */
async function lonelyMember(world) {
  await member(world, world.options.topic, world.options.group, { add: value => console.log(value) })
  await new Promise(() => {})
}

async function moreMembersThanPartitions(world) {
  const topic = await world.createTopic(world.name('crowd'), 2)
  const groupId = world.name('crowd')
  const members = []
  for (let n = 0; n < 3; n++) members.push(await member(world, topic, groupId, new Set()))
  const counts = () => members.map(member => member.partitions.length)
  await world.until(() => [...counts()].sort().join() === '0,1,1', () => `they have ${counts()}`)
  const admin = await world.admin()
  const [described] = (await admin.describeGroups([groupId])).groups
  check(described.members.length === 3 && described.state === 'Stable', `${described.members.length} members, ${described.state}`)
  const leaver = members.find(member => member.partitions.length === 1)
  members.splice(members.indexOf(leaver), 1)
  await leaver.consumer.disconnect()
  await world.until(() => counts().join() === '1,1', () => `after one has left, they have ${counts()}`)
}

module.exports = {
  'group-member-dies': memberDies,
  member: lonelyMember,
  'group-more-members-than-partitions': moreMembersThanPartitions,
}
