using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;

namespace Ebb.Tests.Sandbox.Azure.Templates;

public class ExpansionTests
{
    [Fact]
    public void A_copy_loop_makes_resources_with_their_index_in_names_properties_and_dependencies()
    {
        var expansion = TemplateLab.Expand("""
            "variables":{"prefix":"n"},
            "resources":[
              {"type":"A.B/nic","apiVersion":"2020-01-01","name":"[concat(variables('prefix'), copyIndex())]","copy":{"name":"nics","count":3},
               "properties":{"address":"[concat('10.0.0.', add(10, copyIndex()))]","again":"[copyIndex('nics', 1)]","weight":1.50}},
              {"type":"A.B/vm","apiVersion":"2020-01-01","name":"[concat('vm', copyIndex(1))]","copy":{"name":"vms","count":2},
               "dependsOn":["[concat('A.B/nic/', variables('prefix'), copyIndex())]"]},
              {"type":"A.B/last","apiVersion":"2020-01-01","name":"last","dependsOn":["nics","[resourceId('A.B/vm', 'vm1')]","vm2"]}]
            """);

        Assert.Equal(["n0", "n1", "n2", "vm1", "vm2", "last"], expansion.Resources.Select(r => r.Key.Name));
        Assert.Equal("""{"properties":{"address":"10.0.0.12","again":3,"weight":1.50}}""", Body(expansion, "n2"));
        Assert.Equal(["n1"], After(expansion, "vm2"));
        Assert.Equal(["n0", "n1", "n2", "vm1", "vm2"], After(expansion, "last"));
    }

    [Fact]
    public void A_serial_loop_goes_batch_by_batch()
    {
        var expansion = TemplateLab.Expand("""
            "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"[format('x{0}', copyIndex())]","copy":{"name":"l","count":5,"mode":"Serial","batchSize":2}}]
            """);

        Assert.Empty(After(expansion, "x1"));
        Assert.Equal(["x0", "x1"], After(expansion, "x2"));
        Assert.Equal(["x2", "x3"], After(expansion, "x4"));
    }

    [Fact]
    public void Values_inside_resources_variables_and_outputs_are_copied()
    {
        const string Parts = """
            "variables":{"copy":[{"name":"disks","count":2,"input":{"lun":"[copyIndex('disks')]"}}],"nested":{"copy":[{"name":"names","count":2,"input":"[concat('a', copyIndex('names'))]"}],"x":1}},
            "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r","properties":{"copy":[{"name":"rules","count":2,"input":{"name":"[concat('rule', copyIndex('rules', 1))]"}}],"other":true}}],
            "outputs":{"all":{"type":"array","copy":{"count":2,"input":"[format('{0}-{1}', variables('nested').names[copyIndex()], variables('disks')[copyIndex()].lun)]"}},
                       "none":{"type":"string","condition":"[equals(1, 2)]","value":"x"}}
            """;
        var expansion = TemplateLab.Expand(Parts);

        Assert.Equal("""{"properties":{"rules":[{"name":"rule1"},{"name":"rule2"}],"other":true}}""", Body(expansion, "r"));
        Assert.Equal("""{"all":{"type":"Array","value":["a0-0","a1-1"]}}""", expansion.Outputs(TemplateLab.Nothing).ToJsonString());
    }

    [Fact]
    public void Children_take_the_type_and_name_of_their_parent_and_depend_on_it_only_when_they_say_so()
    {
        var expansion = TemplateLab.Expand("""
            "resources":[
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"p","resources":[
                {"type":"d","apiVersion":"2020-01-01","name":"q","dependsOn":["p"]},
                {"type":"d","apiVersion":"2020-01-01","name":"free"}]},
              {"type":"A.B/c/d","apiVersion":"2020-01-01","name":"p/r","dependsOn":["[resourceId('A.B/c/d', 'p', 'q')]"]}]
            """);

        Assert.Equal([$"{TemplateLab.Group}/providers/A.B/c/p", $"{TemplateLab.Group}/providers/A.B/c/p/d/q"], expansion.Resources.Take(2).Select(r => r.Id));
        Assert.Equal(["p"], After(expansion, "p/q"));
        Assert.Empty(After(expansion, "p/free"));
        Assert.Equal(["p/q"], After(expansion, "p/r"));
    }

    [Fact]
    public void What_does_not_meet_its_condition_is_left_out_with_its_children_and_nothing_waits_for_it()
    {
        var expansion = TemplateLab.Expand("""
            "resources":[
              {"condition":"[equals(1, 2)]","type":"A.B/c","apiVersion":"2020-01-01","name":"no","resources":[{"type":"d","apiVersion":"2020-01-01","name":"x"}]},
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"none","copy":{"name":"empty","count":0}},
              {"condition":true,"type":"A.B/c","apiVersion":"2020-01-01","name":"yes","dependsOn":["A.B/c/no","no/x","empty"]}]
            """);

        Assert.Equal(["yes"], expansion.Resources.Select(r => r.Key.Name));
        Assert.Empty(After(expansion, "yes"));
    }

    [Fact]
    public void Whoever_asks_a_resource_of_the_template_waits_for_it_but_not_in_a_branch_that_is_not_taken()
    {
        var expansion = TemplateLab.Expand("""
            "resources":[
              {"type":"A.B/id","apiVersion":"2018-11-30","name":"me"},
              {"type":"A.B/sa","apiVersion":"2019-04-01","name":"store"},
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"asks","properties":{
                "principal":"[reference(resourceId('A.B/id', 'me'), '2018-11-30', 'Full').properties.principalId]",
                "key":"[if(equals(1, 1), 'none', listKeys('store', '2019-04-01').keys[0].value)]"}},
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"keys","properties":{"key":"[listKeys(resourceId('A.B/sa', 'store'), '2019-04-01').keys[0].value]"}}]
            """);

        Assert.Equal(["me"], After(expansion, "asks"));
        Assert.Equal(["store"], After(expansion, "keys"));
    }

    [Fact]
    public void A_running_deployment_answers_what_expressions_ask()
    {
        var asked = new List<string>();
        var runtime = new Runtime(
            (id, version) =>
            {
                asked.Add($"GET {id} {version}");
                return JsonNode.Parse("""{"location":"eastus","properties":{"principalId":"p1"}}""")!.AsObject();
            },
            (id, action, version, _) =>
            {
                asked.Add($"{action} {id} {version}");
                return JsonNode.Parse("""{"keys":[{"value":"k1"}]}""");
            });
        var expansion = TemplateLab.Expand("""
            "resources":[
              {"type":"A.B/id","apiVersion":"2018-11-30","name":"me"},
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"r","properties":{
                "principal":"[reference('me').principalId]","where":"[reference('me', '2020-02-02', 'Full').location]","key":"[listKeys('/x', '2019-04-01').keys[0].value]"}}],
            "outputs":{"o":{"type":"string","value":"[reference(resourceId('A.B/id', 'me')).principalId]"},"s":{"type":"securestring","value":"x"}}
            """);
        var resource = expansion.Resources.Single(r => r.Key.Name == "r");

        Assert.Contains("[reference('me').principalId]", Values.Compact(resource.Body(null)));
        Assert.Equal("""{"properties":{"principal":"p1","where":"eastus","key":"k1"}}""", Values.Compact(resource.Body(runtime)));
        Assert.Equal($"GET {TemplateLab.Group}/providers/A.B/id/me 2018-11-30", asked[0]);
        Assert.EndsWith(" 2020-02-02", asked[1]);
        Assert.Equal("""{"o":{"type":"String","value":"p1"},"s":{"type":"SecureString"}}""", expansion.Outputs(runtime).ToJsonString());
    }

    [Fact]
    public void Symbolic_names_stand_for_resources_and_existing_ones_are_only_read()
    {
        var expansion = TemplateLab.Expand("""
            "languageVersion":"2.0",
            "resources":{
              "net":{"type":"A.B/vnet","apiVersion":"2020-01-01","name":"v"},
              "old":{"existing":true,"type":"A.B/key","apiVersion":"2020-01-01","name":"k"},
              "vms":{"type":"A.B/vm","apiVersion":"2020-01-01","name":"[format('m{0}', copyIndex())]","copy":{"name":"vms","count":2},"dependsOn":["net","old"]},
              "one":{"type":"A.B/c","apiVersion":"2020-01-01","name":"one","dependsOn":["[format('vms[{0}]', 1)]"],"properties":{"id":"[resourceInfo('net').id]"}},
              "all":{"type":"A.B/c","apiVersion":"2020-01-01","name":"all","properties":{"states":"[map(references('vms'), lambda('v', lambdaVariables('v').state))]"}}}
            """);

        Assert.Equal(["v"], After(expansion, "m1"));
        Assert.Equal(["m1"], After(expansion, "one"));
        Assert.Equal(["m0", "m1"], After(expansion, "all"));
        Assert.Contains($"{TemplateLab.Group}/providers/A.B/vnet/v", Body(expansion, "one"));
        Assert.True(expansion.Resources.Single(r => r.Key.Name == "k").Existing);
    }

    [Fact]
    public void Functions_that_the_template_defines_see_their_parameters_and_each_other()
    {
        const string Parts = """
            "functions":[{"namespace":"contoso","members":{
              "twice":{"parameters":[{"name":"text","type":"string"}],"output":{"type":"string","value":"[concat(parameters('text'), parameters('text'))]"}},
              "four":{"parameters":[{"name":"t","type":"string"}],"output":{"type":"object","value":{"it":"[contoso.twice(contoso.twice(parameters('t')))]"}}}}}],
            "resources":[],
            """;

        Assert.Equal("""{"it":"xxxx"}""", TemplateLab.Output(Parts, "contoso.four('x')")!.ToJsonString());
        Assert.Contains("exactly 1 argument(s) while '2'", Assert.Throws<TemplateException>(() => TemplateLab.Output(Parts, "contoso.twice('x', 'y')")).Details[0].Message);
    }

    [Fact]
    public void Expressions_stand_in_names_too_and_a_doubled_bracket_is_text()
    {
        var expansion = TemplateLab.Expand("""
            "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r","identity":{"userAssignedIdentities":{"[resourceId('A.B/id', 'me')]":{}}},"tags":{"a":"[[not one]","b":"[almost"}}]
            """);

        Assert.Equal($$$$"""{"identity":{"userAssignedIdentities":{"{{{{TemplateLab.Group}}}}/providers/A.B/id/me":{}}},"tags":{"a":"[not one]","b":"[almost"}}""", Body(expansion, "r"));
    }

    [Fact]
    public void In_a_subscription_ids_have_no_group_and_extensions_stand_below_what_they_extend()
    {
        var expansion = TemplateLab.Expand("""
            "resources":[
              {"type":"Microsoft.Resources/resourceGroups","apiVersion":"2021-04-01","name":"new","location":"eastus"},
              {"type":"Microsoft.Authorization/roleAssignments","apiVersion":"2022-04-01","name":"x","dependsOn":["[resourceId('Microsoft.Resources/resourceGroups/', 'new')]"]},
              {"type":"Microsoft.Authorization/locks","apiVersion":"2022-04-01","name":"l","scope":"[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'new')]"},
              {"type":"A.B/c/providers/locks","apiVersion":"2022-04-01","name":"n/Microsoft.Authorization/old"}]
            """, ofGroup: false);

        var scope = $"/subscriptions/{TemplateLab.Subscription}";
        Assert.Equal(
            [
                $"{scope}/resourceGroups/new",
                $"{scope}/providers/Microsoft.Authorization/roleAssignments/x",
                $"{scope}/resourceGroups/new/providers/Microsoft.Authorization/locks/l",
                $"{scope}/providers/A.B/c/n/providers/Microsoft.Authorization/locks/old",
            ],
            expansion.Resources.Select(r => r.Id));
        Assert.Equal(["new"], After(expansion, "x"));
    }

    private static string Body(Expansion expansion, string name) => Values.Compact(expansion.Resources.Single(r => r.Key.Name == name).Body(null));

    private static IEnumerable<string> After(Expansion expansion, string name) =>
        expansion.Resources.Single(r => r.Key.Name == name).After.Select(r => r.Key.Name).Order();
}
