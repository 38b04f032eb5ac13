using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class ResourceFaceTests
{
    private const string Here = """{"location":"East US","tags":{"team":"blue"}}""";

    [Fact]
    public async Task A_resource_is_made_read_in_any_casing_changed_listed_and_deleted()
    {
        using var lab = await FaceLab.StartAsync();
        var id = $"{lab.Subscription}/resourceGroups/FARM/providers/microsoft.managedidentity/userassignedidentities/Runner";

        var made = await lab.PutAsync(id, Here);
        var again = await lab.PutAsync(id, Here);
        var read = await lab.GetAsync(id.ToUpperInvariant());
        var patched = await lab.SendAsync(HttpMethod.Patch, id, """{"tags":{"team":"red"}}""");
        var listed = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities");
        var resources = await lab.GetAsync($"{lab.Subscription}/resources?$filter=resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'");
        var deleted = await lab.DeleteAsync(id);
        var absent = await lab.DeleteAsync(id);
        var gone = await lab.GetAsync(id);

        Assert.Equal((201, 200, 200, 200), (made.Code, again.Code, read.Code, patched.Code));
        Assert.Equal($"{lab.Subscription}/resourcegroups/farm/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Runner", (string)read.Json["id"]!);
        Assert.Equal(("eastus", "red"), ((string)read.Json["location"]!, (string)patched.Json["tags"]!["team"]!));
        Assert.Equal((string)made.Json["properties"]!["principalId"]!, (string)patched.Json["properties"]!["principalId"]!);
        Assert.Single(listed.Json["value"]!.AsArray());
        Assert.Single(resources.Json["value"]!.AsArray());
        Assert.Equal((200, 204, 404, "ResourceNotFound"), (deleted.Code, absent.Code, gone.Code, gone.Error));
    }

    [Theory]
    [InlineData("nowhere", "ok1", Here, 404, "ResourceGroupNotFound")]
    [InlineData("farm", "-bad", Here, 400, "InvalidResourceName")]
    [InlineData("farm", "ok1", "{}", 400, "LocationRequired")]
    [InlineData("farm", "ok1", """{"location":"mars"}""", 400, "LocationNotAvailableForResourceType")]
    [InlineData("farm", "ok1", """{"location":"eastus","tags":{"a?":"b"}}""", 400, "InvalidTagNameCharacters")]
    [InlineData("farm", "ok1", """{"location":"eastus","tags":7}""", 400, "InvalidRequestContent")]
    public async Task A_bad_put_is_refused_and_makes_nothing(string group, string name, string body, int status, string code)
    {
        using var lab = await FaceLab.StartAsync();

        var answer = await lab.PutAsync($"{lab.Subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}", body);

        Assert.Equal((status, code), (answer.Code, answer.Error));
        Assert.DoesNotContain(lab.Face.Resources.All, x => x.Type.Tracked);
    }

    [Fact]
    public async Task A_lock_forbids_what_it_says_until_it_is_gone()
    {
        using var lab = await FaceLab.StartAsync();
        var group = $"{lab.Subscription}/resourceGroups/farm";
        var identity = $"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner";
        var held = $"{group}/providers/Microsoft.Authorization/locks/held";
        await lab.PutAsync(identity, Here);

        var level = await lab.PutAsync(held, """{"properties":{"level":"Sometimes"}}""");
        var made = await lab.PutAsync(held, """{"properties":{"level":"cannotdelete"}}""");
        var write = await lab.PutAsync(identity, Here);
        var delete = await lab.DeleteAsync(identity);
        var deleteGroup = await lab.DeleteAsync(group);
        await lab.PutAsync(held, """{"properties":{"level":"ReadOnly"}}""");
        var frozen = await lab.PutAsync(identity, Here);
        var freed = await lab.DeleteAsync(held);
        var deleted = await lab.DeleteAsync(identity);

        Assert.Equal((400, "InvalidLockLevel", 201, 200), (level.Code, level.Error, made.Code, write.Code));
        Assert.Equal((409, "ScopeLocked", 409, "ScopeLocked"), (delete.Code, delete.Error, deleteGroup.Code, deleteGroup.Error));
        Assert.Equal($"The scope '{identity}' cannot perform delete operation because following scope(s) are locked: '{group}'. Please remove the lock and try again.", delete.Message);
        Assert.Equal((409, "ScopeLocked", 200, 200), (frozen.Code, frozen.Error, freed.Code, deleted.Code));
    }

    [Fact]
    public async Task A_namespace_must_be_registered_first()
    {
        using var lab = await FaceLab.StartAsync(options: new AzureFaceOptions { Unregistered = ["Microsoft.ManagedIdentity"] });
        var id = $"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner";

        var refused = await lab.PutAsync(id, Here);
        var before = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.ManagedIdentity");
        var registering = await lab.PostAsync($"{lab.Subscription}/providers/Microsoft.ManagedIdentity/register");
        var after = await lab.GetAsync($"{lab.Subscription}/providers/Microsoft.ManagedIdentity");
        var made = await lab.PutAsync(id, Here);

        Assert.Equal((409, "MissingSubscriptionRegistration", 201), (refused.Code, refused.Error, made.Code));
        Assert.Equal(
            ("NotRegistered", "Registering", "Registered"),
            ((string)before.Json["registrationState"]!, (string)registering.Json["registrationState"]!, (string)after.Json["registrationState"]!));
    }

    [Fact]
    public async Task Faults_strike_what_the_face_keeps_by_type_and_name()
    {
        using var lab = await FaceLab.StartAsync();
        const string Type = "Microsoft.ManagedIdentity/userAssignedIdentities";
        string Id(string name) => $"{lab.Subscription}/resourceGroups/farm/providers/{Type}/{name}";
        lab.Cloud.World.Faults.Add(new Fault { Kind = FaultKind.Error, On = CallKind.PutResource, ResourceType = Type, Pool = "first", Code = "Broken", Status = 503, Count = 1 });

        var spared = await lab.PutAsync(Id("second"), Here);
        var struck = await lab.PutAsync(Id("first"), Here);
        var healed = await lab.PutAsync(Id("first"), Here);

        Assert.Equal((201, 503, "Broken", 201), (spared.Code, struck.Code, struck.Error, healed.Code));
    }

    [Fact]
    public async Task A_deleted_group_takes_its_resources_with_it()
    {
        using var lab = await FaceLab.StartAsync();
        var group = $"{lab.Subscription}/resourceGroups/farm";
        await lab.PutAsync($"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner", Here);
        await lab.PutAsync($"{group}/providers/Microsoft.Compute/availabilitySets/masters", """{"location":"eastus","sku":{"name":"Aligned"}}""");

        var deleted = await lab.DeleteAsync(group);
        var late = await lab.PutAsync($"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/late", Here);
        lab.Cloud.Pass(minutes: 1);

        Assert.Equal((202, 409, "ResourceGroupBeingDeleted"), (deleted.Code, late.Code, late.Error));
        Assert.Equal(200, (await lab.GetAsync(deleted.Headers["Location"])).Code);
        Assert.DoesNotContain(lab.Face.Resources.All, x => x.Type.Tracked);
        Assert.Equal(404, (await lab.GetAsync(group)).Code);
    }

    [Fact]
    public async Task A_request_from_within_is_answered_like_one_by_HTTP()
    {
        using var lab = await FaceLab.StartAsync();
        var id = $"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.Compute/availabilitySets/masters";

        var put = lab.Face.Dispatch(ArmRequest.Internal("PUT", $"{id}?api-version=2023-09-01", System.Text.Json.Nodes.JsonNode.Parse(Here), ArmCaller.Trusted, FaceLab.Base));
        var get = lab.Face.Dispatch(ArmRequest.Internal("GET", $"{FaceLab.Base}{id}?api-version=2023-09-01", null, ArmCaller.Trusted, FaceLab.Base));

        Assert.Equal((200, 200), (put.Status, get.Status));
        Assert.Equal((await lab.GetAsync(id)).Text, get.Body!.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal(2, (int)get.Body!["properties"]!["platformFaultDomainCount"]!);
    }

    [Fact]
    public async Task Tags_of_anything_are_read_replaced_merged_and_taken_away()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        await lab.PutAsync($"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner", Here);
        foreach (var scope in new[] { lab.Set, $"{lab.Subscription}/resourceGroups/farm", lab.Subscription, $"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner" })
        {
            var tags = $"{scope}/providers/Microsoft.Resources/tags/default";
            string Now(Answer answer) => string.Join(',', answer.Json["properties"]!["tags"]!.AsObject().Select(t => $"{t.Key}={t.Value}").Order());

            var put = await lab.PutAsync(tags, """{"properties":{"tags":{"a":"1","b":"2"}}}""");
            var merged = await lab.SendAsync(HttpMethod.Patch, tags, """{"operation":"Merge","properties":{"tags":{"B":"3","c":"4"}}}""");
            var less = await lab.SendAsync(HttpMethod.Patch, tags, """{"operation":"Delete","properties":{"tags":{"a":"1","c":"other"}}}""");
            var read = await lab.GetAsync(tags);
            var bad = await lab.SendAsync(HttpMethod.Patch, tags, """{"operation":"Paint","properties":{"tags":{}}}""");
            var gone = await lab.DeleteAsync(tags);

            Assert.Equal(("a=1,b=2", "a=1,b=3,c=4", "b=3,c=4", "b=3,c=4"), (Now(put), Now(merged), Now(less), Now(read)));
            Assert.Equal((400, 200, ""), (bad.Code, gone.Code, Now(await lab.GetAsync(tags))));
        }
    }

    [Fact]
    public async Task Changes_are_on_record_refused_ones_too()
    {
        using var lab = await FaceLab.StartAsync();
        var id = $"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner";
        var log = $"{lab.Subscription}/providers/Microsoft.Insights/eventtypes/management/values";
        await lab.PutAsync(id, Here);
        await lab.PutAsync(id, "{}");
        await lab.PutAsync(id, """{"location":"mars"}""");
        await lab.GetAsync(id);

        var all = await lab.GetAsync($"{log}?$filter=eventTimestamp ge '2025-01-01T00:00:00Z' and resourceGroupName eq 'FARM'");
        var failed = await lab.GetAsync($"{log}?$filter=status eq 'Failed' and resourceUri eq '{id}'");
        var early = await lab.GetAsync($"{log}?$filter=eventTimestamp le 2025-01-01T00:00:00.123456");
        var bad = await lab.GetAsync($"{log}?$filter=mood eq 'good'");

        Assert.Equal((3, 1, 0, 400), (all.Json["value"]!.AsArray().Count, failed.Json["value"]!.AsArray().Count, early.Json["value"]!.AsArray().Count, bad.Code));
        Assert.Equal(
            ("Microsoft.ManagedIdentity/userAssignedIdentities/write", id, "LocationNotAvailableForResourceType"),
            ((string)failed.Json["value"]![0]!["operationName"]!["value"]!, (string)failed.Json["value"]![0]!["resourceId"]!, (string)failed.Json["value"]![0]!["properties"]!["statusMessage"]!));
    }

    [Fact]
    public async Task A_scale_set_refers_only_to_what_is_there_and_heeds_locks()
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        var identity = $"{lab.Subscription}/resourceGroups/farm/providers/Microsoft.ManagedIdentity/userAssignedIdentities/runner";
        var body = """{"location":"eastus","identity":{"type":"UserAssigned","userAssignedIdentities":{"ID":{}}},"sku":{"capacity":1}}""".Replace("ID", identity, StringComparison.Ordinal);

        var missing = await lab.PutAsync(lab.Set, body);
        var made = await lab.PutAsync(identity, Here);
        var found = await lab.PutAsync(lab.Set, body);
        await lab.PutAsync($"{lab.Set}/providers/Microsoft.Authorization/locks/held", """{"properties":{"level":"CanNotDelete"}}""");
        var held = await lab.DeleteAsync(lab.Set);

        Assert.Equal((400, "FailedIdentityOperation", 200), (missing.Code, missing.Error, found.Code));
        Assert.Equal((string)made.Json["properties"]!["principalId"]!, (string)found.Json["identity"]!["userAssignedIdentities"]![identity]!["principalId"]!);
        Assert.Equal((409, "ScopeLocked"), (held.Code, held.Error));
    }
}
