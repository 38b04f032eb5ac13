namespace Ebb.Tests.Sandbox.Azure.Templates;

public class ParameterTests
{
    private const string Declared = """
        "parameters":{
          "size":{"type":"string","defaultValue":"B1s","allowedValues":["B1s","B2s"]},
          "count":{"type":"int","minValue":1,"maxValue":5},
          "name":{"type":"string","minLength":3,"maxLength":6,"defaultValue":"[toLower(concat('N', take(uniqueString(resourceGroup().id), 4)))]"},
          "password":{"type":"securestring","defaultValue":"hidden"},
          "expiry":{"type":"object","defaultValue":{"end":"[replace(utcNow('yyyy'), '2026', '2036')]"}},
          "maybe":{"type":"string","nullable":true},
          "names":{"type":"array","defaultValue":["a"],"allowedValues":["a","b","c"]}}
        """;

    [Fact]
    public void Values_come_from_the_request_or_from_the_defaults_and_secrets_are_not_shown()
    {
        var shown = TemplateLab.Expand(Declared, """{"count":{"value":3},"NAMES":{"value":["c","a"]}}""").Parameters;

        Assert.Equal("""{"type":"String","value":"B1s"}""", shown["size"]!.ToJsonString());
        Assert.Equal("""{"type":"Int","value":3}""", shown["count"]!.ToJsonString());
        Assert.Matches("^n[a-z2-7]{4}\\z", shown["name"]!["value"]!.GetValue<string>());
        Assert.Equal("""{"type":"SecureString"}""", shown["password"]!.ToJsonString());
        Assert.Equal("2036", shown["expiry"]!["value"]!["end"]!.GetValue<string>());
        Assert.Null(shown["maybe"]!["value"]);
        Assert.Equal("""["c","a"]""", shown["names"]!["value"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{}""", "The value for the template parameter 'count' at line '3' and column '11' is not provided")]
    [InlineData("""{"count":{"value":0}}""", "The provided value for the template parameter 'count' is not valid. The value '0' must be greater than or equal to '1'.")]
    [InlineData("""{"count":{"value":6}}""", "less than or equal to '5'")]
    [InlineData("""{"count":{"value":"3"}}""", "Template parameter JToken type is not valid. Expected 'Integer'. Actual 'String'.")]
    [InlineData("""{"count":{"value":1.5}}""", "Expected 'Integer'. Actual 'Float'.")]
    [InlineData("""{"count":{"value":1},"size":{"value":"B9"}}""", "The value 'B9' is not part of the allowed value(s): 'B1s,B2s'.")]
    [InlineData("""{"count":{"value":1},"name":{"value":"ab"}}""", "Length of the value should be greater than or equal to '3'.")]
    [InlineData("""{"count":{"value":1},"name":{"value":"abcdefg"}}""", "Length of the value should be less than or equal to '6'.")]
    [InlineData("""{"count":{"value":1},"names":{"value":["a","x"]}}""", "is not part of the allowed value(s): 'a,b,c'")]
    [InlineData("""{"count":{"value":1},"other":{"value":1}}""", "The template parameters 'other' in the parameters file are not valid")]
    [InlineData("""{"count":3}""", "must be an object with a 'value'")]
    public void What_does_not_fit_is_refused(string parameters, string message)
    {
        var e = TemplateLab.Refused(Declared, parameters);

        Assert.Equal("InvalidTemplate", e.Code);
        Assert.Contains(message, e.Message);
    }

    [Fact]
    public void A_secret_that_is_not_allowed_is_not_repeated()
    {
        var e = TemplateLab.Refused("""
            "parameters":{"pw":{"type":"securestring","allowedValues":["x"]}}
            """, """{"pw":{"value":"Sesame99"}}""");

        Assert.DoesNotContain("Sesame99", e.Message);
    }

    [Fact]
    public void A_reference_to_a_key_vault_is_refused_clearly()
    {
        var e = TemplateLab.Refused(Declared, """{"count":{"reference":{"keyVault":{"id":"x"},"secretName":"s"}}}""");

        Assert.Equal("KeyVaultParameterReferenceNotFound", e.Code);
        Assert.Contains("no key vaults", e.Message);
    }

    [Theory]
    [InlineData("""
        "parameters":{"a":{"type":"string","defaultValue":"[parameters('b')]"},"b":{"type":"string","defaultValue":"[parameters('a')]"}}
        """, "'a' is defined by itself")]
    [InlineData("""
        "parameters":{"a":{"type":"text"}}
        """, "has no valid type")]
    [InlineData("""
        "parameters":{"a":{"type":"string","defaultValue":"[variables('v')]"}}
        """, "The template variable 'v' is not found")]
    [InlineData("""
        "parameters":[]
        """, "The value has the wrong type 'Array'. Path 'properties.template.parameters'")]
    public void A_declaration_that_makes_no_sense_is_refused(string parts, string message)
    {
        Assert.Contains(message, TemplateLab.Refused(parts).Message);
    }

    [Fact]
    public void Types_of_the_second_version_are_held_against_their_definitions()
    {
        const string Typed = """
            "languageVersion":"2.0",
            "definitions":{"pool":{"type":"object","properties":{"name":{"type":"string","minLength":1},"max":{"type":"int","nullable":true}},"additionalProperties":false}},
            "parameters":{"pools":{"type":"array","items":{"$ref":"#/definitions/pool"}}}
            """;

        Assert.Equal(2, TemplateLab.Expand(Typed, """{"pools":{"value":[{"name":"a"},{"name":"b","max":3}]}}""").Parameters["pools"]!["value"]!.AsArray().Count);
        Assert.Contains("Item 0: The property 'name' is required.", TemplateLab.Refused(Typed, """{"pools":{"value":[{}]}}""").Message);
        Assert.Contains("Item 0: The property 'x' is not allowed.", TemplateLab.Refused(Typed, """{"pools":{"value":[{"name":"a","x":1}]}}""").Message);
    }
}
