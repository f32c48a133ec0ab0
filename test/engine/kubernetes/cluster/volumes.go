package main

import (
	"context"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// storageClass is the class of the volumes that this provisioner makes.
const storageClass = "local"

// provisionVolumes gives each waiting claim of its class a folder of this node, and removes both once the claim is gone.
//
// The kind is `local`, since a pod's group owns such a volume, as it does a disk of a cloud, and never one of kind `hostPath`.
func provisionVolumes(client kubernetes.Interface, factory informers.SharedInformerFactory, folder string) ([]cache.SharedIndexInformer, reconciler) {
	claims, volumes := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes()
	nodes := factory.Core().V1().Nodes()
	reconcile := func() error {
		waiting, err := claims.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		hosts, err := nodes.Lister().List(labels.Everything())
		if err != nil || len(hosts) == 0 {
			return err
		}
		for _, claim := range waiting {
			class := claim.Spec.StorageClassName
			if claim.Status.Phase != core.ClaimPending || class == nil || *class != storageClass {
				continue
			}
			if err := provision(client, claim, folder, hosts[0].Name); err != nil {
				return err
			}
		}
		made, err := volumes.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		for _, volume := range made {
			if volume.Spec.StorageClassName != storageClass || volume.Status.Phase != core.VolumeReleased {
				continue
			}
			if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
				return err
			}
			err := client.CoreV1().PersistentVolumes().Delete(context.Background(), volume.Name, meta.DeleteOptions{})
			if err != nil && !errors.IsNotFound(err) {
				return err
			}
		}
		return nil
	}
	return []cache.SharedIndexInformer{claims.Informer(), volumes.Informer(), nodes.Informer()}, reconcile
}

func provision(client kubernetes.Interface, claim *core.PersistentVolumeClaim, folder, node string) error {
	name := "claim-" + string(claim.UID)
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	onThisNode := core.NodeSelectorRequirement{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{node}}
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name},
		Spec: core.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			ClaimRef:                      &core.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			PersistentVolumeReclaimPolicy: core.PersistentVolumeReclaimDelete,
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
			StorageClassName:              storageClass,
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{
				{MatchExpressions: []core.NodeSelectorRequirement{onThisNode}},
			}}},
		},
	}
	_, err := client.CoreV1().PersistentVolumes().Create(context.Background(), volume, meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
