using Ebb.Sandbox.Azure.Templates;

namespace Ebb.Tests.Sandbox.Azure.Templates;

public class RefusalTests
{
    [Theory]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r","properties":{"x":"[foo()]"}}]
        """, "The template resource 'r' at line '1' and column '", "The template function 'foo' is not valid")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r","properties":{"x":"[if(true(), 1, parameters('gone'))]","y":"[concat(reference('/x', 'v').a, parameters('gone'))]"}}]
        """, "resource 'r'", "The template parameter 'gone' is not found")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"[reference('x').name]"}]
        """, "The template function 'reference' is not expected at this location", "[reference('x').name]")]
    [InlineData("""
        "resources":[{"type":"A.B/c/d","apiVersion":"2020-01-01","name":"r"}]
        """, "incorrect segment lengths", "'A.B/c/d'")]
    [InlineData("""
        "resources":[{"type":"A.B/c","name":"r"}]
        """, "its 'apiVersion' must be", "'r'")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r"},{"type":"a.b/C","apiVersion":"2020-01-01","name":"R"}]
        """, "is defined multiple times in a template", "/a.b/C/R")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r","dependsOn":["nobody"]}]
        """, "The resource 'nobody' is not defined in the template", "")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"n"},{"type":"A.B/d","apiVersion":"2020-01-01","name":"n"},{"type":"A.B/e","apiVersion":"2020-01-01","name":"e","dependsOn":["n"]}]
        """, "The template resource reference 'n' is ambiguous", "A.B/c/n, A.B/d/n")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r","copy":{"name":"l","count":801}}]
        """, "The copy count of 'l' must be an integer from 0 to 800", "'801'")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"[concat('a', copyIndex())]","copy":{"name":"l","count":500}},{"type":"A.B/d","apiVersion":"2020-01-01","name":"[concat('a', copyIndex())]","copy":{"name":"m","count":500}}]
        """, "The number of template resources limit exceeded. Limit: 800", "")]
    [InlineData("""
        "resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"r","condition":"perhaps"}]
        """, "its 'condition' must be a boolean", "")]
    [InlineData("""
        "resources":[5]
        """, "must be an object", "")]
    [InlineData("""
        "resources":"none"
        """, "The value has the wrong type 'String'. Path 'properties.template.resources'", "")]
    [InlineData("""
        "variables":{"a":"[variables('b')]","b":"[variables('a')]"},"resources":[{"type":"A.B/c","apiVersion":"2020-01-01","name":"[variables('a')]"}]
        """, "The template variable 'a' is defined by itself", "")]
    [InlineData("""
        "resources":[],"outputs":{"o":{"type":"string","value":"[variables('none')]"}}
        """, "The template output 'o'", "The template variable 'none' is not found")]
    public void A_wrong_template_is_refused_before_anything_is_deployed(string parts, string message, string also)
    {
        var e = TemplateLab.Refused(parts);

        Assert.Equal("InvalidTemplate", e.Code);
        Assert.Contains(message, e.Message);
        Assert.Contains(also, e.Message);
    }

    [Fact]
    public void A_circle_is_shown()
    {
        var e = TemplateLab.Refused("""
            "resources":[
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"free","dependsOn":["a"]},
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"a","dependsOn":["b"]},
              {"type":"A.B/c","apiVersion":"2020-01-01","name":"b","properties":{"x":"[reference('a').x]"}}]
            """);

        Assert.Equal("InvalidTemplateCircularDependency", e.Code);
        Assert.Contains("A.B/c/a -> A.B/c/b -> A.B/c/a", e.Message);
    }

    [Fact]
    public void The_place_of_a_mistake_is_that_of_the_resource_in_the_template()
    {
        var e = TemplateLab.Refused("\n \"resources\":[\n  {\"type\":\"A.B/c\",\"apiVersion\":\"2020-01-01\",\"name\":\"[oops(]\"}]");

        Assert.Equal(new Place(3, 3), e.At);
        Assert.Equal("properties.template.resources[0]", e.Path);
    }

    [Theory]
    [InlineData("parameters", 257)]
    [InlineData("variables", 257)]
    [InlineData("outputs", 65)]
    public void There_are_limits_to_their_number(string section, int count)
    {
        var members = string.Join(',', Enumerable.Range(0, count).Select(i => $"\"n{i}\":{{}}"));

        Assert.Contains($"The number of template {section} limit exceeded", TemplateLab.Refused($"\"{section}\":{{{members}}}").Message);
    }

    [Fact]
    public void An_output_of_another_type_is_named_with_all_others_that_fail()
    {
        var expansion = TemplateLab.Expand("""
            "resources":[],"outputs":{"a":{"type":"string","value":5},"b":{"type":"int","value":"[reference('/gone', '2020-01-01').x]"},"c":{"type":"bool","value":true}}
            """);

        var e = Assert.Throws<TemplateException>(() => expansion.Outputs(TemplateLab.Nothing));

        Assert.Equal("DeploymentOutputEvaluationFailed", e.Code);
        Assert.Contains("'a,b'", e.Message);
        Assert.Contains("Expected 'String, Uri'. Actual 'Integer'", e.Details[0].Message);
        Assert.Contains("There is no /gone", e.Details[1].Message);
    }
}
