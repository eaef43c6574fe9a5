// The scenarios of ../scenarios.toml with franz-go. Prints one line of JSON.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// errNotApplicable marks a scenario that franz-go can't do; it is wrapped with the reason.
var errNotApplicable = errors.New("n/a")

type options struct {
	broker, scenario, topic, group string
	partition, records, seconds    int
	timeout                        time.Duration
}

type scenario func(context.Context, *world) (detail string, err error)

// world is what a scenario works with: clients, and names that nobody else has.
type world struct {
	options
	run    string
	admin  *kadm.Client
	opened []*kgo.Client
}

func main() {
	var o options
	flag.StringVar(&o.broker, "broker", "", "HOST:PORT")
	flag.StringVar(&o.scenario, "scenario", "", "a name of scenarios.toml")
	flag.StringVar(&o.topic, "topic", "", "a topic that the harness has prepared")
	flag.StringVar(&o.group, "group", "", "")
	flag.IntVar(&o.partition, "partition", 0, "a partition of it")
	flag.IntVar(&o.records, "records", -1, "how many records it has")
	flag.IntVar(&o.seconds, "seconds", 10, "how long to produce")
	timeout := flag.Int("timeout", 90, "seconds to wait for what must happen")
	flag.Parse()
	o.timeout = time.Duration(*timeout) * time.Second
	answer := answer{Client: "go", Scenario: o.scenario, Result: "pass"}
	detail, err := play(o)
	switch {
	case errors.Is(err, errNotApplicable):
		answer.Result, detail = "n/a", err.Error()
	case err != nil:
		answer.Result, detail = "fail", err.Error()
	}
	answer.Detail = detail
	line, _ := json.Marshal(answer)
	fmt.Println(string(line))
	if answer.Result == "fail" {
		os.Exit(1)
	}
}

// answer is the line that the harness reads.
type answer struct {
	Client   string `json:"client"`
	Scenario string `json:"scenario"`
	Result   string `json:"result"`
	Detail   string `json:"detail"`
}

func play(o options) (string, error) {
	scenarios := maps.Collect(maps.All(recordScenarios))
	maps.Copy(scenarios, groupScenarios)
	maps.Copy(scenarios, pluginScenarios)
	maps.Copy(scenarios, retryScenarios)
	play, known := scenarios[o.scenario]
	if !known {
		return "", fmt.Errorf("%w: franz-go does not have this, or no such scenario", errNotApplicable)
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout+30*time.Second)
	defer cancel()
	id := make([]byte, 4)
	_, _ = rand.Read(id)
	w := &world{options: o, run: fmt.Sprintf("%x", id)}
	client, err := w.client()
	if err != nil {
		return "", err
	}
	w.admin = kadm.NewClient(client)
	defer w.close()
	return play(ctx, w)
}

func (w *world) name(what string) string { return what + "-go-" + w.run }

// client opens a client that is closed in the end.
func (w *world) client(opts ...kgo.Opt) (*kgo.Client, error) {
	opts = append([]kgo.Opt{kgo.SeedBrokers(w.broker), kgo.ClientID("corvid-go"), kgo.FetchMaxWait(500 * time.Millisecond)}, opts...)
	client, err := kgo.NewClient(opts...)
	if err == nil {
		w.opened = append(w.opened, client)
	}
	return client, err
}

func (w *world) close() {
	for _, client := range w.opened {
		client.Close()
	}
}

func (w *world) createTopic(ctx context.Context, topic string, partitions int32, configs map[string]*string) error {
	if _, err := w.admin.CreateTopic(ctx, partitions, 1, configs, topic); err != nil {
		return fmt.Errorf("creating %s: %w", topic, err)
	}
	return w.until(func() bool {
		topics, err := w.admin.ListTopics(ctx, topic)
		return err == nil && len(topics[topic].Partitions) == int(partitions)
	}, func() string { return topic + " is not in the metadata" })
}

// send produces records, waits for all, and fails if one has failed.
func (w *world) send(ctx context.Context, producer *kgo.Client, records ...*kgo.Record) error {
	return producer.ProduceSync(ctx, records...).FirstErr()
}

// readAll reads a topic from the beginning, as a group, until enough(records).
func (w *world) readAll(ctx context.Context, topic string, enough func([]*kgo.Record) bool) ([]*kgo.Record, error) {
	consumer, err := w.client(kgo.ConsumerGroup(w.name("read-"+topic)), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	var records []*kgo.Record
	err = w.until(func() bool {
		records = append(records, poll(ctx, consumer)...)
		return enough(records)
	}, func() string { return fmt.Sprintf("%d records of %s have arrived", len(records), topic) })
	return records, err
}

// poll takes what has arrived within a fraction of a second.
func poll(ctx context.Context, consumer *kgo.Client) []*kgo.Record {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	return consumer.PollFetches(ctx).Records()
}

// ask asks whoever runs this for something, and waits until it is done: until they send a line.
func ask(wish map[string]string) error {
	line, _ := json.Marshal(wish)
	fmt.Println(string(line))
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return err
}

func (w *world) until(holds func() bool, explain func() string) error {
	for deadline := time.Now().Add(w.timeout); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("not in %s: %s", w.timeout, explain())
		}
	}
	return nil
}
