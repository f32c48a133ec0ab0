// The small program of the test cluster's own pods and of the host outside it; a static one, so that its image is one file.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const usage = `inside pause                 holds a pod's namespaces
inside names HOST=ADDRESS... answers DNS queries on port 53 for these hosts and no other
inside web ADDRESS TEXT      serves a text over HTTP
inside dial ADDRESS          connects, or fails within 2 s`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("%s", usage)
	}
	rest := arguments[1:]
	switch {
	case arguments[0] == "pause":
		return pause()
	case arguments[0] == "names":
		return names(rest)
	case arguments[0] == "web" && len(rest) == 2:
		return http.ListenAndServe(rest[0], http.HandlerFunc(func(reply http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(reply, rest[1])
		}))
	case arguments[0] == "dial" && len(rest) == 1:
		connection, err := net.DialTimeout("tcp", rest[0], 2*time.Second)
		if err != nil {
			return err
		}
		return connection.Close()
	}
	return fmt.Errorf("%s", usage)
}

// pause waits for its end, and meanwhile takes the exit codes of processes that lost their parent.
func pause() error {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return nil
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
	return nil
}

func names(pairs []string) error {
	addresses := map[string][4]byte{}
	for _, pair := range pairs {
		host, address, _ := strings.Cut(pair, "=")
		four := net.ParseIP(address).To4()
		if four == nil {
			return fmt.Errorf("%s: write HOST=ADDRESS with an IPv4 address", pair)
		}
		addresses[host+"."] = [4]byte(four)
	}
	socket, err := net.ListenPacket("udp", ":53")
	if err != nil {
		return err
	}
	buffer := make([]byte, 512)
	for {
		length, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if reply, err := answer(buffer[:length], addresses); err == nil {
			if _, err := socket.WriteTo(reply, from); err != nil {
				return err
			}
		}
	}
}

// answer has an address for an A query of a known host, nothing for other queries of it, and no such name for the rest.
func answer(query []byte, addresses map[string][4]byte) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil {
		return nil, err
	}
	if len(message.Questions) == 0 {
		return nil, fmt.Errorf("no question")
	}
	question := message.Questions[0]
	address, known := addresses[strings.ToLower(question.Name.String())]
	message.Header.Response = true
	message.Header.RecursionAvailable = true
	message.Additionals = nil
	if !known {
		message.Header.RCode = dnsmessage.RCodeNameError
	} else if question.Type == dnsmessage.TypeA {
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 5},
			Body:   &dnsmessage.AResource{A: address},
		}}
	}
	return message.Pack()
}
