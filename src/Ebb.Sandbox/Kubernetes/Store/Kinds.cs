using System.Collections.Immutable;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>The kinds that are built in.</summary>
public static class Kinds
{
    public static readonly Kind Namespace = Core("Namespace", "namespaces", false, "ns") with { HasStatus = true };
    public static readonly Kind Node = Core("Node", "nodes", false, "no") with { HasStatus = true };
    public static readonly Kind Pod = All(Core("Pod", "pods", true, "po")) with { HasStatus = true };
    public static readonly Kind Service = All(Core("Service", "services", true, "svc")) with { HasStatus = true };
    public static readonly Kind Endpoints = Core("Endpoints", "endpoints", true, "ep");
    public static readonly Kind ConfigMap = Core("ConfigMap", "configmaps", true, "cm");
    public static readonly Kind Secret = Core("Secret", "secrets", true);
    public static readonly Kind ServiceAccount = Core("ServiceAccount", "serviceaccounts", true, "sa");
    public static readonly Kind Event = Core("Event", "events", true, "ev");
    public static readonly Kind PersistentVolume =
        Core("PersistentVolume", "persistentvolumes", false, "pv") with { HasStatus = true };

    public static readonly Kind PersistentVolumeClaim =
        Core("PersistentVolumeClaim", "persistentvolumeclaims", true, "pvc") with { HasStatus = true };

    public static readonly Kind ReplicationController = All(Workload(
        Core("ReplicationController", "replicationcontrollers", true, "rc"))) with
    { HasScale = true };

    public static readonly Kind LimitRange = Core("LimitRange", "limitranges", true, "limits");
    public static readonly Kind ResourceQuota =
        Core("ResourceQuota", "resourcequotas", true, "quota") with { HasStatus = true };

    public static readonly Kind PodTemplate = Core("PodTemplate", "podtemplates", true);

    public static readonly Kind Deployment = All(Workload(
        Of("apps", "v1", "Deployment", "deployments", true, "deploy"))) with
    { HasScale = true };

    public static readonly Kind ReplicaSet = All(Workload(
        Of("apps", "v1", "ReplicaSet", "replicasets", true, "rs"))) with
    { HasScale = true };

    public static readonly Kind StatefulSet = All(Workload(
        Of("apps", "v1", "StatefulSet", "statefulsets", true, "sts"))) with
    { HasScale = true };

    public static readonly Kind DaemonSet = All(Workload(Of("apps", "v1", "DaemonSet", "daemonsets", true, "ds")));
    public static readonly Kind ControllerRevision =
        Of("apps", "v1", "ControllerRevision", "controllerrevisions", true);

    public static readonly Kind Job = All(Workload(Of("batch", "v1", "Job", "jobs", true)));

    // The older versions are what the oldest supported clients ask for by name.
    public static readonly Kind CronJob = All(Workload(
        Of("batch", "v1", "CronJob", "cronjobs", true, "cj"))) with
    { OtherVersions = ["v1beta1"] };

    public static readonly Kind PodDisruptionBudget = Workload(
        Of("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true, "pdb"))
        with
    { OtherVersions = ["v1beta1"] };

    public static readonly Kind HorizontalPodAutoscaler = All(
        Of("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, "hpa"))
        with
    { HasStatus = true, OtherVersions = ["v1"] };

    public static readonly Kind Lease = Of("coordination.k8s.io", "v1", "Lease", "leases", true);
    public static readonly Kind Role = Of("rbac.authorization.k8s.io", "v1", "Role", "roles", true);
    public static readonly Kind RoleBinding =
        Of("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true);

    public static readonly Kind ClusterRole =
        Of("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false);

    public static readonly Kind ClusterRoleBinding =
        Of("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false);

    public static readonly Kind StorageClass =
        Of("storage.k8s.io", "v1", "StorageClass", "storageclasses", false, "sc");

    public static readonly Kind CsiDriver = Of("storage.k8s.io", "v1", "CSIDriver", "csidrivers", false);
    public static readonly Kind CsiNode = Of("storage.k8s.io", "v1", "CSINode", "csinodes", false);
    public static readonly Kind CsiStorageCapacity =
        Of("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities", true);

    public static readonly Kind VolumeAttachment =
        Of("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", false) with { HasStatus = true };

    public static readonly Kind PriorityClass =
        Of("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false, "pc") with { HasGeneration = true };

    public static readonly Kind RuntimeClass = Of("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", false);
    public static readonly Kind EndpointSlice = Of("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
    public static readonly Kind Ingress =
        Workload(Of("networking.k8s.io", "v1", "Ingress", "ingresses", true, "ing"));

    public static readonly Kind IngressClass = Of("networking.k8s.io", "v1", "IngressClass", "ingressclasses", false);
    public static readonly Kind NetworkPolicy =
        Of("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true, "netpol") with { HasGeneration = true };

    public static readonly Kind CertificateSigningRequest =
        Of("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", false, "csr")
        with
        { HasStatus = true };

    public static readonly Kind MutatingWebhookConfiguration =
        Of("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false);

    public static readonly Kind ValidatingWebhookConfiguration = Of(
        "admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false);

    public static readonly Kind ApiService =
        Of("apiregistration.k8s.io", "v1", "APIService", "apiservices", false) with { HasStatus = true };

    public static readonly Kind CustomResourceDefinition = Workload(Of(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false, "crd", "crds"));

    /// <summary>All of them, in the order in which discovery lists them.</summary>
    public static readonly ImmutableArray<Kind> BuiltIn =
    [
        ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolumeClaim, PersistentVolume, Pod,
        PodTemplate, ReplicationController, ResourceQuota, Secret, ServiceAccount, Service,
        MutatingWebhookConfiguration, ValidatingWebhookConfiguration, CustomResourceDefinition, ApiService,
        ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet, HorizontalPodAutoscaler, CronJob, Job,
        CertificateSigningRequest, Lease, EndpointSlice, IngressClass, Ingress, NetworkPolicy, RuntimeClass,
        PodDisruptionBudget, ClusterRoleBinding, ClusterRole, RoleBinding, Role, PriorityClass, CsiDriver, CsiNode,
        CsiStorageCapacity, StorageClass, VolumeAttachment,
    ];

    private static Kind Core(string name, string plural, bool namespaced, params string[] shortNames) =>
        Of("", "v1", name, plural, namespaced, shortNames);

    private static Kind Of(
        string group, string version, string name, string plural, bool namespaced, params string[] shortNames) =>
        new(group, version, name, plural, namespaced) { ShortNames = [.. shortNames] };

    private static Kind Workload(Kind kind) => kind with { HasStatus = true, HasGeneration = true };

    private static Kind All(Kind kind) => kind with { Categories = ["all"] };
}
