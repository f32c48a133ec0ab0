package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// network is what policies speak of, as the API server has it.
type network struct {
	// podRange holds the addresses of all pods.
	podRange   string
	pods       []*core.Pod
	namespaces map[string]labels.Set
	policies   []*networking.NetworkPolicy
}

// enforcePolicies writes the NetworkPolicies of a cluster as nftables rules of this node, all at once after each change.
//
// It asks that every packet of a pod is routed by the node, as with the CNI plug-in ptp. IPv4 only.
func enforcePolicies(_ kubernetes.Interface, factory informers.SharedInformerFactory, podRange string) ([]cache.SharedIndexInformer, reconciler) {
	pods, namespaces, policies := factory.Core().V1().Pods(), factory.Core().V1().Namespaces(), factory.Networking().V1().NetworkPolicies()
	reconcile := func() error {
		now := network{podRange: podRange, namespaces: map[string]labels.Set{}}
		all, err := pods.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		for _, pod := range all {
			ended := pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed
			if pod.Status.PodIP != "" && !pod.Spec.HostNetwork && !ended {
				now.pods = append(now.pods, pod)
			}
		}
		spaces, err := namespaces.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		for _, space := range spaces {
			now.namespaces[space.Name] = space.Labels
		}
		if now.policies, err = policies.Lister().List(labels.Everything()); err != nil {
			return err
		}
		rules, err := now.rules()
		if err != nil {
			return err
		}
		nft := exec.Command("nft", "-f", "-")
		nft.Stdin, nft.Stdout, nft.Stderr = strings.NewReader(rules), os.Stderr, os.Stderr
		return nft.Run()
	}
	return []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()}, reconcile
}

// rules is the whole of the table: a chain for each pod and direction that some policy isolates, whose rules return what is allowed.
func (now network) rules() (string, error) {
	var chains strings.Builder
	jumps := map[networking.PolicyType][]string{}
	known := []string{}
	for index, pod := range now.pods {
		known = append(known, pod.Status.PodIP)
		for _, direction := range []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress} {
			allowed, isolated, err := now.allowed(pod, direction)
			if err != nil {
				return "", err
			}
			if !isolated {
				continue
			}
			chain := fmt.Sprintf("pod%d-%s", index, strings.ToLower(string(direction)))
			fmt.Fprintf(&chains, "  chain %s {\n    # %s/%s\n", chain, pod.Namespace, pod.Name)
			for _, match := range allowed {
				fmt.Fprintf(&chains, "    %s return\n", match)
			}
			chains.WriteString("    counter drop\n  }\n")
			jumps[direction] = append(jumps[direction], pod.Status.PodIP+" : jump "+chain)
		}
	}
	// A pod whose address nobody knows yet, as it has just started, reaches nothing and is reached by nothing.
	unknown := func(side string) string {
		return fmt.Sprintf("    ip %s %s ip %s != %s counter drop\n", side, now.podRange, side, set(known))
	}
	out := unknown("saddr") + verdicts("saddr", jumps[networking.PolicyTypeEgress])
	in := unknown("daddr") + verdicts("daddr", jumps[networking.PolicyTypeIngress])
	hook := func(name, steps string) string {
		return fmt.Sprintf("  chain to-%s {\n    type filter hook %s priority 10; policy accept;\n    ct state established,related accept\n%s  }\n", name, name, steps)
	}
	return "table ip pod-policies\ndelete table ip pod-policies\ntable ip pod-policies {\n" +
		chains.String() + hook("forward", out+in) + hook("input", out) + "}\n", nil
}

// allowed is what the policies that select a pod allow in one direction, and whether there is any such policy.
func (now network) allowed(pod *core.Pod, direction networking.PolicyType) (matches []string, isolated bool, err error) {
	for _, policy := range now.policies {
		selects, err := selected(&policy.Spec.PodSelector, pod.Labels)
		if err != nil {
			return nil, false, err
		}
		if policy.Namespace != pod.Namespace || !selects || !slices.Contains(policy.Spec.PolicyTypes, direction) {
			continue
		}
		isolated = true
		if direction == networking.PolicyTypeIngress {
			for _, rule := range policy.Spec.Ingress {
				peers, err := now.peers(policy.Namespace, rule.From, "saddr")
				if err != nil {
					return nil, false, err
				}
				for _, peer := range peers {
					matches = append(matches, onPorts(peer.match, rule.Ports, []*core.Pod{pod})...)
				}
			}
			continue
		}
		for _, rule := range policy.Spec.Egress {
			peers, err := now.peers(policy.Namespace, rule.To, "daddr")
			if err != nil {
				return nil, false, err
			}
			for _, peer := range peers {
				matches = append(matches, onPorts(peer.match, rule.Ports, peer.pods)...)
			}
		}
	}
	return matches, isolated, nil
}

// peer is one end of a rule: how its packets are known, and the pods that it is, by which ports of a name are found.
type peer struct {
	match string
	pods  []*core.Pod
}

func (now network) peers(namespace string, asked []networking.NetworkPolicyPeer, side string) ([]peer, error) {
	if len(asked) == 0 {
		return []peer{{pods: now.pods}}, nil
	}
	var found []peer
	for _, one := range asked {
		if block := one.IPBlock; block != nil {
			if isIPv6(block.CIDR) {
				continue
			}
			match := fmt.Sprintf("ip %s %s", side, block.CIDR)
			if except := slices.DeleteFunc(slices.Clone(block.Except), isIPv6); len(except) > 0 {
				match += fmt.Sprintf(" ip %s != %s", side, set(except))
			}
			found = append(found, peer{match: match})
			continue
		}
		for _, pod := range now.pods {
			inside := pod.Namespace == namespace
			var err error
			if one.NamespaceSelector != nil {
				if inside, err = selected(one.NamespaceSelector, now.namespaces[pod.Namespace]); err != nil {
					return nil, err
				}
			}
			matches := true
			if one.PodSelector != nil {
				if matches, err = selected(one.PodSelector, pod.Labels); err != nil {
					return nil, err
				}
			}
			if inside && matches {
				found = append(found, peer{match: fmt.Sprintf("ip %s %s", side, pod.Status.PodIP), pods: []*core.Pod{pod}})
			}
		}
	}
	return found, nil
}

// isIPv6 tells the blocks that no pod of this cluster has a way to.
func isIPv6(block string) bool {
	return strings.Contains(block, ":")
}

// onPorts narrows a match to the ports of a rule; none stand for all.
func onPorts(match string, ports []networking.NetworkPolicyPort, served []*core.Pod) []string {
	if len(ports) == 0 {
		return []string{match}
	}
	var matches []string
	for _, port := range ports {
		protocol := strings.ToLower(string(core.ProtocolTCP))
		if port.Protocol != nil {
			protocol = strings.ToLower(string(*port.Protocol))
		}
		for _, number := range numbers(port, protocol, served) {
			matches = append(matches, strings.TrimSpace(fmt.Sprintf("%s %s", match, number)))
		}
	}
	return matches
}

func numbers(port networking.NetworkPolicyPort, protocol string, served []*core.Pod) []string {
	switch {
	case port.Port == nil:
		return []string{"meta l4proto " + protocol}
	case port.EndPort != nil:
		return []string{fmt.Sprintf("%s dport %d-%d", protocol, port.Port.IntVal, *port.EndPort)}
	case port.Port.Type == intstr.Int:
		return []string{fmt.Sprintf("%s dport %d", protocol, port.Port.IntVal)}
	}
	var named []string
	for _, pod := range served {
		for _, container := range pod.Spec.Containers {
			for _, offered := range container.Ports {
				if offered.Name == port.Port.StrVal && strings.EqualFold(string(offered.Protocol), protocol) {
					named = append(named, fmt.Sprintf("ip daddr %s %s dport %d", pod.Status.PodIP, protocol, offered.ContainerPort))
				}
			}
		}
	}
	return named
}

func selected(selector *meta.LabelSelector, of labels.Set) (bool, error) {
	matcher, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && matcher.Matches(of), err
}

func verdicts(side string, jumps []string) string {
	if len(jumps) == 0 {
		return ""
	}
	return fmt.Sprintf("    ip %s vmap %s\n", side, set(jumps))
}

// set is a set of nftables, which must not be empty.
func set(elements []string) string {
	if len(elements) == 0 {
		return "{ 0.0.0.0 }"
	}
	return "{ " + strings.Join(elements, ", ") + " }"
}
