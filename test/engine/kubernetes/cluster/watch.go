package main

import (
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// reconciler brings the node in line with what the informers know now.
type reconciler func() error

// watching is a program that runs a reconciler after every change of what it reads, and again until it succeeds.
func watching(name string, prepare func(kubernetes.Interface, informers.SharedInformerFactory, string) ([]cache.SharedIndexInformer, reconciler)) *cobra.Command {
	var kubeconfig, argument string
	command := &cobra.Command{
		Use: name,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			factory := informers.NewSharedInformerFactory(client, 0)
			watched, reconcile := prepare(client, factory, argument)
			changed := make(chan struct{}, 1)
			note := func() {
				select {
				case changed <- struct{}{}:
				default:
				}
			}
			for _, informer := range watched {
				if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
					AddFunc:    func(any) { note() },
					UpdateFunc: func(any, any) { note() },
					DeleteFunc: func(any) { note() },
				}); err != nil {
					return err
				}
			}
			stop := command.Context().Done()
			factory.Start(stop)
			factory.WaitForCacheSync(stop)
			for {
				if err := reconcile(); err != nil {
					klog.ErrorS(err, "Not in line yet", "program", name)
					time.AfterFunc(time.Second, note)
				}
				select {
				case <-changed:
				case <-stop:
					return nil
				}
			}
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	command.Flags().StringVar(&argument, "for", "", "the range of pod addresses, or the folder for volumes")
	return command
}
