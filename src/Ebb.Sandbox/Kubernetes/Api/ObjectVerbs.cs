using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Validation;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Get, create, update and delete of one object; patches are next door.</summary>
internal sealed class ObjectVerbs(ObjectStore store, Lists lists, Rendering rendering, Admission admission)
{
    // Of these nobody may write over what they have not read.
    private static readonly HashSet<string> VersionNeeded =
    [
        "leases.coordination.k8s.io", "poddisruptionbudgets.policy", "runtimeclasses.node.k8s.io", "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io", "csistoragecapacities.storage.k8s.io", "volumeattachments.storage.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io", "apiservices.apiregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
    ];

    // Most kinds answer a deletion with a Status.
    private static readonly HashSet<string> ShownWhenDeleted =
    [
        "pods", "namespaces", "persistentvolumes", "persistentvolumeclaims", "podtemplates", "resourcequotas",
        "serviceaccounts", "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
    ];

    public ApiResponse Get(Call call, Form form)
    {
        if (call.Query.Version > store.ResourceVersion)
        {
            throw Watches.TooLarge(call.Query.Version.Value, store.ResourceVersion);
        }

        return Answer(call, 200, Current(call), form);
    }

    public KubeObject Current(Call call) => store.Get(call.Resource.Kind, call.Namespace, call.Name)
        ?? throw ApiException.NotFound(call.Resource.Kind.Resource, call.Name);

    public ApiResponse Create(Call call, Form form)
    {
        var json = call.ReadObject();
        RequestOptions.CheckWrite(call, "CreateOptions");
        return Answer(call, 201, Create(call, json), form);
    }

    public KubeObject Create(Call call, JsonObject json)
    {
        var kind = call.Resource.Kind;
        Versions.ToStored(json, call.Resource);
        var metadata = json.Ensure("metadata");
        if (!string.IsNullOrEmpty(metadata.Text("resourceVersion")))
        {
            throw ApiException.Unforeseen("resourceVersion should not be set on objects to be created");
        }

        metadata.Remove("resourceVersion");
        metadata.Remove("uid");
        if (kind.Namespaced)
        {
            if (store.Get(Kinds.Namespace, "", call.Namespace) is null)
            {
                throw ApiException.NotFound("namespaces", call.Namespace);
            }

            metadata["namespace"] = call.Namespace;
        }

        if (kind.HasStatus && !kind.Equals(Kinds.Node))
        {
            // A node registers with its status; of all else the status is for the system to tell.
            json.Remove("status");
        }

        if (kind.Equals(Kinds.CertificateSigningRequest) && json["spec"] is JsonObject request)
        {
            request["username"] = call.Request.User.Name;
            request["groups"] = new JsonArray([.. call.Request.User.Groups.Select(group => JsonValue.Create(group))]);
        }

        if (kind.Equals(Kinds.Node))
        {
            TaintUnready(json.Ensure("spec"));
        }

        store.NameIt(kind, json);
        call.Settle(json);
        Defaults.Apply(kind, json);
        Rules.CheckNew(kind, json);
        return store.Create(kind, json, call.DryRun);
    }

    public ApiResponse Update(Call call, Form form)
    {
        var json = call.ReadObject();
        RequestOptions.CheckWrite(call, "UpdateOptions");
        Versions.ToStored(json, call.Resource);
        var kind = call.Resource.Kind;
        var stored = store.Get(kind, call.Namespace, call.Name);
        if (stored is null && kind.Equals(Kinds.Lease))
        {
            return Answer(call, 201, Create(call, json), form);
        }

        if (stored is null)
        {
            throw ApiException.NotFound(kind.Resource, call.Name);
        }

        if ((kind.Custom || VersionNeeded.Contains(kind.Resource))
            && json.Text("metadata", "resourceVersion") is null or "" or "0")
        {
            var problems = new Problems(kind.Group, kind.Plural, call.Name);
            problems.Add(new Problem(
                "FieldValueInvalid", "metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update"));
            problems.ThrowIfAny();
        }

        return Answer(call, 200, Finish(call, stored, json, specTouched: true), form);
    }

    /// <summary>Makes a changed copy the next version: what the server owns is kept, and only what the endpoint is for changes.</summary>
    public KubeObject Finish(Call call, KubeObject stored, JsonObject json, bool specTouched)
    {
        var kind = stored.Kind;
        var metadata = json.Ensure("metadata");
        var version = metadata.Text("resourceVersion");
        if (!string.IsNullOrEmpty(version) && !ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw ApiException.Unforeseen($"strconv.ParseUint: parsing \"{version}\": invalid syntax");
        }

        if (version is not (null or "" or "0") && version != stored.ResourceVersion.ToString())
        {
            throw ApiException.Conflict(kind.Resource, stored.Name);
        }

        var uid = metadata.Text("uid");
        if (!string.IsNullOrEmpty(uid) && uid != stored.Uid && call.Request.Method == "PATCH")
        {
            throw Problems.Single(kind, stored.Name, Problem.Invalid("metadata.uid", uid, "field is immutable"));
        }

        if (!string.IsNullOrEmpty(uid) && uid != stored.Uid)
        {
            throw ApiException.Conflict(
                kind.Resource,
                stored.Name,
                $"StorageError: invalid object, Code: 4, Key: {StoragePath.Of(stored)}, ResourceVersion: 0, " +
                $"AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {stored.Uid}");
        }

        if (Timestamps.Parse(metadata.Text("deletionTimestamp")) is { } ending && !stored.Deleting)
        {
            throw Problems.Single(kind, stored.Name, new Problem(
                "FieldValueInvalid",
                "metadata.deletionTimestamp",
                $"Invalid value: {ending.UtcDateTime:yyyy-MM-dd HH:mm:ss} +0000 UTC: field is immutable"));
        }

        KeptParts.KeepIdentity(stored, json, metadata);
        KeptParts.KeepOther(call, stored, json);
        call.Settle(json);
        if (kind.Equals(Kinds.Pod) && json["status"] is JsonObject { } status
            && status.Text("podIP") is { Length: > 0 } address && status["podIPs"] is null)
        {
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address });
        }

        foreach (var container in json.Objects("status", "containerStatuses")
            .Concat(json.Objects("status", "initContainerStatuses")).Where(_ => kind.Equals(Kinds.Pod)))
        {
            container.Ensure("state");
            container.Ensure("lastState");
        }

        if (specTouched && call.Subresource.Length == 0)
        {
            Defaults.Apply(kind, json);
            if (kind.Equals(Kinds.Service))
            {
                admission.Change(stored.Json["spec"], json.Ensure("spec"));
            }

            TemplateGeneration.Keep(stored, json);
            Rules.CheckChange(stored, json);
        }
        else
        {
            Rules.CheckMetadata(stored, json);
        }

        json = Alignment.Like(stored.Json, json);
        Ownership.AfterUpdate(call, stored, json, store.Agenda.Now);
        return store.Replace(stored, json, call.DryRun);
    }

    public ApiResponse Delete(Call call, Form form)
    {
        var options = DeletionReading.Read(call);
        var kind = call.Resource.Kind;
        RefuseProtected(kind, call.Name);
        var deletion = store.Delete(kind, call.Namespace, call.Name, options);
        if (!deletion.Gone || ShownWhenDeleted.Contains(kind.Resource))
        {
            return Answer(call, 200, deletion.Object, form);
        }

        return Success(call, 200, kind, deletion.Object);
    }

    public ApiResponse DeleteAll(Call call, Form form)
    {
        var options = DeletionReading.Read(call);
        var gone = new List<KubeObject>();
        foreach (var item in lists.Select(call))
        {
            RefuseProtected(item.Kind, item.Name);
            store.Delete(item.Kind, item.Namespace, item.Name, options);

            // Shown as they were found.
            gone.Add(item);
        }

        var metadata = new JsonObject { ["resourceVersion"] = store.ResourceVersion.ToString() };
        return new ApiResponse(200, rendering.List(call, gone, metadata, form));
    }

    public ApiResponse Answer(Call call, int code, KubeObject item, Form form) =>
        new(code, rendering.One(call, item, form)) { Warnings = call.Warnings };

    public static ApiResponse Success(Call call, int code, Kind kind, KubeObject item)
    {
        var details = ApiException.Of(kind.Resource, item.Name);
        details["uid"] = item.Uid;
        return new ApiResponse(code, Versions.Bytes(new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        }))
        { Warnings = call.Warnings };
    }

    /// <summary>A new node takes no pods before it has been seen to be ready.</summary>
    private static void TaintUnready(JsonObject spec)
    {
        const string key = "node.kubernetes.io/not-ready";
        var taints = spec.Array("taints") ?? [];
        if (!taints.Any(taint => taint.Text("key") == key && taint.Text("effect") == "NoSchedule"))
        {
            taints.Add(new JsonObject { ["key"] = key, ["effect"] = "NoSchedule" });
        }

        spec["taints"] = taints;
    }

    private static void RefuseProtected(Kind kind, string name)
    {
        if (kind.Equals(Kinds.Namespace) && name is ("default" or "kube-system" or "kube-public"))
        {
            throw ApiException.Forbidden("namespaces", name, "this namespace may not be deleted");
        }
    }
}
