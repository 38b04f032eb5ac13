using System.Collections.Immutable;
using System.Text;

namespace Ebb.Cli.Provisioning;

/// <summary>Says how to make the cluster with Azure's own tool instead of <c>ebb up</c>.</summary>
internal static class Readme
{
    /// <summary>Below the directory of all that is written: what is to lie on <see cref="SystemShare"/>.</summary>
    public const string ShareDirectory = "share";

    public static string Compose(ResourceNames names, ImmutableArray<string> systemFiles)
    {
        var cluster = names.Cluster;
        var cloud = cluster.Cloud;
        var text = new StringBuilder(
            $"""
            # Cluster {cluster.Name}

            What `ebb up` would deploy, rendered by `ebb render`. The parameters and `cloud-config/` are for you alone: keep them out of
            repositories.

            | file | is |
            |---|---|
            | `storage.json`, `storage.parameters.json` | what stays when machines go: accounts, shares, the control plane's identity |
            | `compute.json`, `compute.parameters.json` | network, control plane, pools, and what the identity may do with them |
            | `cloud-config/` | what machines are told at their birth, as it stands in the parameters in base64 |

            ## With Azure's own tool

                az group create --subscription {names.Subscription} --name {cloud.StorageGroup} --location {cloud.Region} --tags {ResourceNames.ClusterTag}={cluster.Name}
                az group create --subscription {names.Subscription} --name {cloud.ComputeGroup} --location {cloud.Region} --tags {ResourceNames.ClusterTag}={cluster.Name}
                az deployment group create --subscription {names.Subscription} --resource-group {cloud.StorageGroup} --name {ResourceNames.StorageDeployment} \
                  --template-file storage.json --parameters @storage.parameters.json

            Then copy to the share `{SystemShare.Name}` what the control plane takes from there. `ebb render --{ShareDirectory}` writes it into `{ShareDirectory}/`,
            programs and keys alike:

                az storage file upload-batch --subscription {names.Subscription} --account-name {names.SystemAccount} --destination {SystemShare.Name} --source {ShareDirectory}

            That is


            """);
        text.AppendJoin('\n', systemFiles.Select(file => $"- `{file}`"));
        text.Append(
            $"""


            Delete `{ShareDirectory}/` then. Last

                az deployment group create --subscription {names.Subscription} --resource-group {cloud.ComputeGroup} --name {ResourceNames.ComputeDeployment} \
                  --template-file compute.json --parameters @compute.parameters.json

            Before you deploy `compute.json` again, set `capacities` in its parameters to what the scale sets have then: a smaller number
            removes machines, whatever runs on them. `ebb up` does that by itself, and carries on with what `az` has made.

            """);
        return text.ToString();
    }
}
