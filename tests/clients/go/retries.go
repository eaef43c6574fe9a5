package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A consumer whose handler fails, on a topic with a retry table: the harness has prepared it.
var retryScenarios = map[string]scenario{"consumer-retry": consumerRetry}

var backoff = []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond}

// withRetries is all that a consumer needs: what its handler fails on comes back, and ends in the dead-letter topic.
func withRetries(ctx context.Context, client *kgo.Client, records []*kgo.Record, retries string, handle func(*kgo.Record) error) error {
	for _, record := range records {
		failed := handle(record)
		if failed == nil {
			continue
		}
		again := &kgo.Record{Topic: retries, Key: record.Key, Value: record.Value, Headers: slices.Clone(record.Headers)}
		tell := func(name, value string) {
			again.Headers = append(again.Headers, kgo.RecordHeader{Key: "corvid-retry-" + name, Value: []byte(value)})
		}
		tell("reason", failed.Error())
		if record.Topic != retries {
			tell("partition", strconv.Itoa(int(record.Partition)))
			tell("offset", strconv.FormatInt(record.Offset, 10))
		}
		if err := client.ProduceSync(ctx, again).FirstErr(); err != nil {
			return err
		}
	}
	return nil
}

func consumerRetry(ctx context.Context, w *world) (string, error) {
	if w.topic == "" {
		return "", errors.New("--topic is needed")
	}
	group := w.name("billing")
	retries := w.topic + "." + group + ".retry"
	client, err := w.client(kgo.ConsumerGroup(group), kgo.ConsumeTopics(w.topic, retries),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return "", err
	}
	tries := map[string][]time.Time{}
	var early error
	handle := func(record *kgo.Record) error {
		key, value := string(record.Key), string(record.Value)
		if !strings.HasPrefix(key, w.run) {
			return nil
		}
		before, now := tries[key], time.Now()
		if n := len(before); n > 0 && n <= len(backoff) && now.Sub(before[n-1]) < backoff[n-1] {
			early = fmt.Errorf("%s is early, after %s", key, now.Sub(before[n-1]))
		}
		tries[key] = append(before, now)
		if value == "hopeless" || value == "later" && len(before) < 2 {
			return fmt.Errorf("attempt %d of %s", len(before)+1, value)
		}
		return nil
	}
	kinds := []string{"fine", "later", "hopeless"}
	expected := map[string]int{"fine": 1, "later": 3, "hopeless": 4}
	var sent []*kgo.Record
	for n := range 30 {
		sent = append(sent, &kgo.Record{
			Topic: w.topic, Key: fmt.Appendf(nil, "%s-%d", w.run, n), Value: []byte(kinds[n%3]),
			Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte(strconv.Itoa(n))}},
		})
	}
	if err := w.send(ctx, client, sent...); err != nil {
		return "", err
	}
	wrong := func() (count int) {
		for _, record := range sent {
			if len(tries[string(record.Key)]) != expected[string(record.Value)] {
				count++
			}
		}
		return count
	}
	var broken error
	consume := func() bool {
		broken = errors.Join(broken, withRetries(ctx, client, poll(ctx, client), retries, handle))
		return broken != nil || wrong() == 0
	}
	err = w.until(consume, func() string { return fmt.Sprintf("%d records were not handled as often as they should", wrong()) })
	if err = errors.Join(err, broken, early); err != nil {
		return "", err
	}
	ours := func(records []*kgo.Record) (ours []*kgo.Record) {
		for _, record := range records {
			if strings.HasPrefix(string(record.Key), w.run) {
				ours = append(ours, record)
			}
		}
		return ours
	}
	letters, err := w.readAll(ctx, w.topic+".DLT", func(records []*kgo.Record) bool { return len(ours(records)) >= 10 })
	if err != nil {
		return "", err
	}
	for until := time.Now().Add(time.Second); time.Now().Before(until); {
		consume()
	}
	if wrong() > 0 || broken != nil {
		return "", fmt.Errorf("%d records were handled more often than they should: %w", wrong(), broken)
	}
	dead := ours(letters)
	if len(dead) != 10 {
		return "", fmt.Errorf("%d dead letters", len(dead))
	}
	for _, letter := range dead {
		if err := checkLetter(letter, w.topic, group); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d dead letters, after 200, 400 and 800 ms", len(dead)), nil
}

func checkLetter(letter *kgo.Record, topic, group string) error {
	told := map[string]string{}
	for _, header := range letter.Headers {
		told[strings.TrimPrefix(header.Key, "corvid-dlt-")] = string(header.Value)
	}
	_, n, _ := strings.Cut(string(letter.Key), "-")
	known := map[string]string{
		"attempts": "4", "reason": "attempt 4 of hopeless", "topic": topic, "group": group, "stage": "consumer", "trace": n,
	}
	for name, value := range known {
		if told[name] != value {
			return fmt.Errorf("%s: %s is %q, not %q", letter.Key, name, told[name], value)
		}
	}
	first, _ := strconv.ParseInt(told["first-at"], 10, 64)
	last, _ := strconv.ParseInt(told["last-at"], 10, 64)
	if last-first < 1400 {
		return fmt.Errorf("%s failed for the last time after %d ms", letter.Key, last-first)
	}
	return nil
}
