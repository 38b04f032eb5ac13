namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>What the API server writes down about requests: who did what, never the content of Secrets.</summary>
internal static class AuditPolicy
{
    private const string Text =
        """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        rules:
        # The control plane's own reading, and health checks, say nothing and are most of all requests.
        - level: None
          users: ["system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy", "system:apiserver"]
          verbs: [get, list, watch]
        - level: None
          userGroups: ["system:nodes"]
          verbs: [get, list, watch]
        - level: None
          nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version"]
        - level: None
          resources: [{group: coordination.k8s.io, resources: [leases]}]
        - level: None
          resources: [{group: "", resources: [events]}, {group: events.k8s.io, resources: [events]}]
        # Bodies of these hold secrets.
        - level: Metadata
          resources:
          - {group: "", resources: [secrets, configmaps, serviceaccounts/token]}
          - {group: authentication.k8s.io, resources: [tokenreviews]}
        - level: Request
          verbs: [create, update, patch, delete, deletecollection]
        - level: Metadata

        """;

    /// <summary>Makes the file where there is none; true then. One that was edited stays as it is.</summary>
    public static bool Ensure(PkiFiles files)
    {
        if (SecretFile.Read(files.AuditPolicy) is not null)
        {
            return false;
        }

        SecretFile.Write(files.AuditPolicy, Text);
        return true;
    }
}
