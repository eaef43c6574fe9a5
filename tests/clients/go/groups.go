package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Groups whose members come, go and die.
var groupScenarios = map[string]scenario{
	"group-member-dies":                  memberDies,
	"member":                             lonelyMember,
	"group-more-members-than-partitions": moreMembersThanPartitions,
	"group-cooperative":                  cooperative,
	"group-static":                       static,
}

// member is a member of a group, polled by a goroutine of its own.
type member struct {
	client *kgo.Client
	mutex  sync.Mutex
	has    map[int32]bool
	joins  int
	lost   int
}

func (m *member) partitions() []int32 {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return slices.Sorted(maps.Keys(m.has))
}

func (m *member) count(of func(*member) int) int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return of(m)
}

func (w *world) join(topic, group string, received func(string), opts ...kgo.Opt) (*member, error) {
	m := &member{has: map[int32]bool{}}
	gone := func(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
		m.mutex.Lock()
		defer m.mutex.Unlock()
		for _, partition := range lost[topic] {
			delete(m.has, partition)
			m.lost++
		}
	}
	opts = append([]kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(500 * time.Millisecond), kgo.Balancers(kgo.RangeBalancer()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.joins++
			for _, partition := range added[topic] {
				m.has[partition] = true
			}
		}),
		kgo.OnPartitionsRevoked(gone), kgo.OnPartitionsLost(gone),
	}, opts...)
	client, err := w.client(opts...)
	if err != nil {
		return nil, err
	}
	m.client = client
	go func() {
		for {
			fetches := client.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(func(record *kgo.Record) { received(string(record.Value)) })
		}
	}()
	return m, nil
}

// shared waits until the members have so many partitions each, in any order.
func (w *world) shared(members []*member, expected ...int) error {
	counts := func() []int {
		var counts []int
		for _, member := range members {
			counts = append(counts, len(member.partitions()))
		}
		slices.Sort(counts)
		return counts
	}
	return w.until(func() bool { return slices.Equal(counts(), expected) },
		func() string { return fmt.Sprintf("the members have %v partitions", counts()) })
}

func nothing(string) {}

func memberDies(ctx context.Context, w *world) (string, error) {
	topic, group := w.name("dies"), w.name("dies")
	if err := w.createTopic(ctx, topic, 4, nil); err != nil {
		return "", err
	}
	var mutex sync.Mutex
	received := map[string]bool{}
	receive := func(value string) {
		mutex.Lock()
		defer mutex.Unlock()
		received[value] = true
	}
	have := func(count int) error {
		got := func() int {
			mutex.Lock()
			defer mutex.Unlock()
			return len(received)
		}
		return w.until(func() bool { return got() == count }, func() string { return fmt.Sprintf("%d records of %d", got(), count) })
	}
	survivor, err := w.join(topic, group, receive)
	if err != nil {
		return "", err
	}
	if err := w.shared([]*member{survivor}, 4); err != nil {
		return "", err
	}
	victim := exec.CommandContext(ctx, os.Args[0], "--broker", w.broker, "--scenario", "member", "--topic", topic, "--group", group)
	output, err := victim.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := victim.Start(); err != nil {
		return "", err
	}
	defer func() { _ = victim.Process.Kill() }()
	go func() {
		for lines := bufio.NewScanner(output); lines.Scan(); {
			receive(lines.Text())
		}
	}()
	if err := w.shared([]*member{survivor}, 2); err != nil {
		return "", err
	}
	producer, err := w.client(kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return "", err
	}
	send := func(first int) error {
		var records []*kgo.Record
		for n := range 200 {
			records = append(records, &kgo.Record{Value: fmt.Append(nil, first+n), Partition: int32(n % 4)})
		}
		return w.send(ctx, producer, records...)
	}
	if err := errors.Join(send(0), have(200)); err != nil {
		return "", err
	}
	_ = victim.Process.Kill()
	killed := time.Now()
	if err := errors.Join(send(200), w.shared([]*member{survivor}, 4)); err != nil {
		return "", err
	}
	took := time.Since(killed)
	if took > 12*time.Second {
		return "", fmt.Errorf("the survivor had to wait for %s", took)
	}
	return fmt.Sprintf("taken over after %.1f s", took.Seconds()), have(400)
}

// lonelyMember is not a scenario, but the member that is killed. It prints what it receives.
func lonelyMember(_ context.Context, w *world) (string, error) {
	if _, err := w.join(w.topic, w.group, func(value string) { fmt.Println(value) }); err != nil {
		return "", err
	}
	select {}
}

func moreMembersThanPartitions(ctx context.Context, w *world) (string, error) {
	topic, group := w.name("crowd"), w.name("crowd")
	if err := w.createTopic(ctx, topic, 2, nil); err != nil {
		return "", err
	}
	var members []*member
	for range 3 {
		member, err := w.join(topic, group, nothing)
		if err != nil {
			return "", err
		}
		members = append(members, member)
	}
	if err := w.shared(members, 0, 1, 1); err != nil {
		return "", err
	}
	described, err := w.admin.DescribeGroups(ctx, group)
	if err != nil {
		return "", err
	}
	if count := len(described[group].Members); count != 3 {
		return "", fmt.Errorf("%d members", count)
	}
	leaver := slices.IndexFunc(members, func(m *member) bool { return len(m.partitions()) == 1 })
	members[leaver].client.Close()
	return "", w.shared(slices.Delete(members, leaver, leaver+1), 1, 1)
}

func cooperative(ctx context.Context, w *world) (string, error) {
	topic, group := w.name("cooperative"), w.name("cooperative")
	if err := w.createTopic(ctx, topic, 4, nil); err != nil {
		return "", err
	}
	first, err := w.join(topic, group, nothing, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	if err != nil {
		return "", err
	}
	if err := w.shared([]*member{first}, 4); err != nil {
		return "", err
	}
	second, err := w.join(topic, group, nothing, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	if err != nil {
		return "", err
	}
	if err := w.shared([]*member{first, second}, 2, 2); err != nil {
		return "", err
	}
	if lost := first.count(func(m *member) int { return m.lost }); lost != 2 {
		return "", fmt.Errorf("the first member gave up %d partitions, not 2", lost)
	}
	return "", nil
}

func static(ctx context.Context, w *world) (string, error) {
	topic, group := w.name("static"), w.name("static")
	if err := w.createTopic(ctx, topic, 4, nil); err != nil {
		return "", err
	}
	join := func(instance string) (*member, error) {
		return w.join(topic, group, nothing, kgo.InstanceID(instance), kgo.SessionTimeout(20*time.Second))
	}
	one, err := join("one")
	if err != nil {
		return "", err
	}
	two, err := join("two")
	if err != nil {
		return "", err
	}
	if err := w.shared([]*member{one, two}, 2, 2); err != nil {
		return "", err
	}
	had, joins := one.partitions(), two.count(func(m *member) int { return m.joins })
	one.client.Close()
	time.Sleep(2 * time.Second)
	again, err := join("one")
	if err != nil {
		return "", err
	}
	if err := w.until(func() bool { return slices.Equal(again.partitions(), had) },
		func() string { return fmt.Sprintf("it had %v, and has %v", had, again.partitions()) }); err != nil {
		return "", err
	}
	time.Sleep(time.Second)
	if now := two.count(func(m *member) int { return m.joins }); now != joins {
		return "", errors.New("the other member has seen a rebalance")
	}
	return "", nil
}
